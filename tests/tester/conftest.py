"""What stands at the tester's ports in its tests."""

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from wire.announce import Announcement, Heartbeat
from wire.fields import time_text
from wire.job import Job, JobServer, ProbePlan
from wire.report import Report, digest_of

ROOT = Path(__file__).resolve().parents[2]
QUICK = ProbePlan(count=3, interval_s=0.01, timeout_s=0.5)


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def plain(self) -> bytes:
        return gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body


@dataclass
class Reply:
    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None


Answering = Callable[[Request], Reply | None]


class FakeCollector:
    """A real HTTP server at the collector's port; `answering` decides, None means all is well.

    Everything that it accepts is decoded by the wire's own readers.
    """

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Request] = []
        self.reports: dict[UUID, Report] = {}
        self.announcements: list[Announcement] = []
        self.heartbeats: list[Heartbeat] = []
        self.answering: Answering = lambda request: None
        self.health: dict[str, Any] = {"status": "ok", "api_version": 1, "report_versions": [1]}
        self.ahead = timedelta(0)
        self.changed = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                outer._handle(self)

            do_GET = do_PUT = do_POST = _any  # noqa: N815 -- http.server's names

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- http.server's name
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: Any, client_address: Any) -> None:
                # Testers are killed in the middle of requests here.
                return

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = int(self.server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self.thread.start()

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        request = Request(method=handler.command, path=handler.path, headers=headers, body=body)
        reply = self.answering(request) or self._usual(request)
        reply.before()
        content = json.dumps(reply.body).encode() if reply.status != 204 else b""
        handler.send_response(reply.status)
        sent = {"Collector-Time": time_text(datetime.now(UTC) + self.ahead)} | reply.headers
        for name, value in sent.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()

    def _usual(self, request: Request) -> Reply:
        if request.path == "/healthz":
            return Reply(body=self.health)
        if request.path.endswith("/report"):
            plain = request.plain()
            assert request.headers["report-digest"] == digest_of(plain)
            report = Report.from_bytes(plain)
            repeated = report.run_id in self.reports
            self.reports[report.run_id] = report
            return Reply(status=200 if repeated else 201, body={"repeated": repeated})
        if request.path == "/api/v1/heartbeats":
            self.heartbeats.append(Heartbeat.from_bytes(request.body))
            return Reply(status=204)
        self.announcements.append(Announcement.from_bytes(request.body))
        return Reply(status=201, body={"state": "announced"})

    def wait(self, true: Callable[[], bool], *, for_s: float = 10.0) -> None:
        with self.changed:
            assert self.changed.wait_for(true, timeout=for_s), "the collector waited in vain"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    fake = FakeCollector()
    yield fake
    fake.close()


@pytest.fixture
def new_collector() -> Iterator[Callable[[int], FakeCollector]]:
    made: list[FakeCollector] = []

    def new(port: int = 0) -> FakeCollector:
        made.append(FakeCollector(port))
        return made[-1]

    yield new
    for fake in made:
        fake.close()


@dataclass
class Place:
    """A tester's own directory, and the tester as a real process in it."""

    directory: Path
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def spool(self) -> Path:
        return self.directory / "spool"

    @property
    def token_file(self) -> Path:
        path = self.directory / "token"
        path.write_text("secret-token\n")
        return path

    def write_job(self, job: Job) -> Path:
        path = self.directory / "job.json"
        half = path.with_suffix(".new")
        half.write_bytes(job.to_bytes())
        half.replace(path)
        return path

    def arguments(self, job: Job, *more: str) -> list[str]:
        return [
            *("run", "--job", str(self.write_job(job)), "--token-file", str(self.token_file)),
            *("--spool", str(self.spool), *more),
        ]

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TESTER_")}
        process = subprocess.Popen(
            [*options.pop("before", ()), sys.executable, "-W", "error", "-m", "tester", *arguments],
            cwd=ROOT,
            env=environment | {"XDG_STATE_HOME": str(self.directory / "xdg")} | options.pop("env", {}),
            stdin=options.pop("stdin", subprocess.PIPE),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        self.running.append(process)
        return process

    def run(self, *arguments: str, text: str = "", **options: Any) -> "Ended":
        process = self.start(*arguments, **options)
        out, err = process.communicate(text, timeout=60)
        return Ended(code=process.returncode, out=out, err=err)

    def spooled(self) -> list[Path]:
        return sorted((self.spool / "reports").glob("*.json.gz"))

    def rejected(self) -> list[Path]:
        return sorted((self.spool / "rejected").glob("*.json.gz"))


@dataclass
class Ended:
    code: int
    out: str
    err: str

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.err.splitlines()]

    def event(self, name: str) -> dict[str, Any]:
        return next(event for event in self.events() if event["event"] == name)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    here = Place(directory=tmp_path)
    yield here
    for process in here.running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def a_job(url: str | None = None, **changes: Any) -> Job:
    values: dict[str, Any] = {
        "fleet": "edge",
        "fleet_id": uuid4(),
        "tester": "oslo",
        "tester_id": uuid4(),
        "sweep_id": uuid4(),
        "servers": (JobServer(name="here", host="127.0.0.1"),),
        "probe": QUICK,
        "collector_url": url,
    }
    return Job(**(values | changes))


def can_open(kind: int) -> bool:
    try:
        socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP).close()
    except OSError:
        return False
    return True


@pytest.fixture
def can_ping() -> None:
    if not (can_open(socket.SOCK_RAW) or can_open(socket.SOCK_DGRAM)):
        pytest.skip("this system allows neither raw nor datagram sockets for ICMP")


@pytest.fixture
def job_for() -> Callable[..., Job]:
    return a_job


@pytest.fixture
def reply() -> type[Reply]:
    return Reply
