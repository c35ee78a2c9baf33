"""A proxy before a real collector: it counts what is asked, and may spoil the events."""

import http.client
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EVENTS = "/api/v1/events"
HOP_BY_HOP = ("connection", "transfer-encoding", "keep-alive", "host", "content-length")


class Events(Enum):
    """What becomes of a question for events."""

    PASS = "passed on"
    NOT_FOUND = "404"
    NOT_IMPLEMENTED = "501"
    PAGE = "an HTML page"
    HANG = "no answer"
    HELD_BACK = "a stream of which nothing comes"
    CUT = "a connection that is closed at once"


class Proxy:
    def __init__(self, upstream: str) -> None:
        self.upstream = upstream.removeprefix("http://")
        self.events = Events.PASS
        self.asked: Counter[str] = Counter()
        self.released = threading.Event()
        self.begun = 0
        """Streams of events that have said something."""

        self._streams: list[socket.socket] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                path = self.path.partition("?")[0]
                proxy.asked[f"{self.command} {path}"] += 1
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.close_connection = True
                if path == EVENTS and proxy.events is not Events.PASS:
                    self.spoil(proxy.events)
                    return
                # A client that has left, or a collector that is killed, is no fault of ours.
                with suppress(OSError, http.client.HTTPException):
                    self.pass_on(path, body)

            def spoil(self, how: Events) -> None:
                match how:
                    case Events.NOT_FOUND | Events.NOT_IMPLEMENTED:
                        self.send_error(int(how.value))
                    case Events.PAGE:
                        self.send_response(200)
                        self.send_header("Content-Type", "text/html")
                        self.end_headers()
                        self.wfile.write(b"<html>Please log in</html>")
                    case Events.HELD_BACK:
                        self.send_response(200)
                        self.send_header("Content-Type", "text/event-stream")
                        self.end_headers()
                        proxy.released.wait(60)
                    case Events.HANG:
                        proxy.released.wait(60)

            def pass_on(self, path: str, body: bytes) -> None:
                connection = http.client.HTTPConnection(proxy.upstream, timeout=60)
                try:
                    kept = {
                        name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP
                    }
                    connection.request(self.command, self.path, body=body or None, headers=kept)
                    answer = connection.getresponse()
                    self.send_response(answer.status)
                    for name, value in answer.getheaders():
                        if name.lower() not in HOP_BY_HOP:
                            self.send_header(name, value)
                    self.end_headers()
                    is_stream = path == EVENTS
                    if is_stream:
                        proxy._streams.append(connection.sock)
                    while not proxy.released.is_set() and (part := answer.read1(65_536)):
                        self.wfile.write(part)
                        proxy.begun += is_stream
                        is_stream = False
                finally:
                    connection.close()

            do_GET = do_PUT = do_POST = answer  # noqa: N815 - the names that http.server asks for

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

        self.http = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def cut_streams(self) -> None:
        """End every stream of events that is under way."""
        while self._streams:
            with suppress(OSError):
                self._streams.pop().shutdown(socket.SHUT_RDWR)


@contextmanager
def a_proxy(upstream: str) -> Iterator[Proxy]:
    proxy = Proxy(upstream)
    thread = threading.Thread(target=proxy.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.released.set()
        proxy.http.shutdown()
        proxy.http.server_close()
        thread.join(5)
