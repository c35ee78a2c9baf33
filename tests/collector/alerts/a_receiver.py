"""A real HTTP server that hears what is told, and answers as it is told to."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HEARD_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def text(self) -> str:
        return str(self.json["text"])

    @property
    def key(self) -> str:
        return self.headers["Idempotency-Key"]


@dataclass(kw_only=True)
class HttpReceiver:
    """What was heard; `answers` are given in their order, 200 when there is none left."""

    port: int
    answers: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    hang: threading.Event | None = None
    """Where it is set, answers come when somebody sets it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/services/T000/B000/{SECRET}"

    def awaited(self, count: int) -> list[Heard]:
        """Return what was heard, once it is so much."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.heard) >= count, HEARD_S), self.heard
            return list(self.heard)


SECRET = "s3cr3tTokenOfTheHook"


@contextmanager
def receiving(
    *, port: int = 0, certificate: tuple[Path, Path] | None = None, heard: list[Heard] | None = None
) -> Iterator[HttpReceiver]:
    """Listen on loopback until the end of the block."""
    found = HttpReceiver(port=port, heard=[] if heard is None else heard)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with found.changed:
                found.heard.append(
                    Heard(method="POST", path=self.path, headers=dict(self.headers.items()), body=body)
                )
                status, headers, text = found.answers.pop(0) if found.answers else (200, {}, "ok")
                found.changed.notify_all()
            if found.hang is not None:
                found.hang.wait(HEARD_S)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(text.encode())), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def do_GET(self) -> None:
            found.heard.append(Heard(method="GET", path=self.path, headers={}, body=b""))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that leaves is what some tests want."""

    with Server(("127.0.0.1", port), Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            if found.hang is not None:
                found.hang.set()
            server.shutdown()
            thread.join()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
