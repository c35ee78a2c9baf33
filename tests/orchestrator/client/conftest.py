"""A small HTTP server that answers as it is told, and keeps what it was asked."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    status: int = 200
    body: object = field(default_factory=dict)
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Stage:
    """The last reply stands for every request after it."""

    def __init__(self) -> None:
        self.replies: list[Reply] = [Reply()]
        self.asked: list[Asked] = []
        self.released = threading.Event()
        stage = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                stage.asked.append(
                    Asked(method=self.command, path=self.path, headers=dict(self.headers), body=body)
                )
                reply = stage.replies.pop(0) if len(stage.replies) > 1 else stage.replies[0]
                if reply.status == 0:
                    # The connection breaks without an answer.
                    self.close_connection = True
                    return
                if reply.status == -1:
                    stage.released.wait(20)
                    self.close_connection = True
                    return
                if reply.status == -2:
                    self.send_response(200)
                    self.send_header("Content-Length", "1000000")
                    self.end_headers()
                    with contextlib.suppress(OSError):
                        while not stage.released.wait(0.02):
                            self.wfile.write(b" ")
                    self.close_connection = True
                    return
                raw = json.dumps(reply.body).encode() if reply.raw is None else reply.raw
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_PUT = do_POST = answer  # noqa: N815 - the names that http.server asks for

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def says(self, *replies: Reply) -> None:
        self.replies[:] = replies


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    thread = threading.Thread(target=made.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    made.released.set()
    made.http.shutdown()
    made.http.server_close()
    thread.join(5)


@pytest.fixture
def reply() -> Callable[..., Reply]:
    return Reply
