"""`collector serve` as a process that is started again when it ends, as systemd does."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psutil

from collector.auth import digest_of_token
from tests.collector.a_collector import ADMIN_TOKEN, TESTER_TOKEN, basic

DEADLINE_S = 60.0


class Program:
    """A collector on a port of its own; its log is kept in a file."""

    def __init__(
        self, database_url: str, *, log: Path, workers: int = 1, settings: dict[str, str] | None = None
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._words = ["--workers", str(workers)] if workers > 1 else []
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COLLECTOR_")}
        self._environment = kept | {
            "COLLECTOR_ADMIN_TOKEN": ADMIN_TOKEN,
            "COLLECTOR_DATABASE_URL": database_url,
        }
        self._environment |= settings or {}
        self.process = self._started()
        self._ending = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def keep_alive(self) -> None:
        """Start it again whenever it ends."""
        self._keeper.start()

    def children(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children()
        return []

    def kill_one(self, chance: random.Random) -> None:
        """SIGKILL for the collector, or for one of its processes."""
        pids = [self.process.pid, *(child.pid for child in self.children())]
        with suppress(ProcessLookupError):
            os.kill(chance.choice(pids), signal.SIGKILL)

    def wait_ready(self, *, deadline_s: float = DEADLINE_S) -> None:
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            with suppress(OSError):
                if self.get("/readyz")[0] == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(f"not ready: {self.log.read_text()[-2000:]}")

    def get(self, path: str, *, timeout_s: float = 20.0) -> tuple[int, Any]:
        return self.send("GET", path, timeout_s=timeout_s)

    def send(
        self, method: str, path: str, body: bytes | None = None, *, user: Any = None, timeout_s: float = 20.0
    ) -> tuple[int, Any]:
        """Return status and body of an answer; `user` is a tester's UUID, else the admin asks.

        Raises `OSError` where there is none, or only a part of one.
        """
        headers = basic("admin", ADMIN_TOKEN) if user is None else basic(user, TESTER_TOKEN)
        headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                return int(answer.status), json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null") | {
                    "retry_after": error.headers.get("Retry-After")
                }
        except http.client.HTTPException as error:
            # Killed between the head of its answer and the end of it.
            raise ConnectionAbortedError(f"the answer broke off: {error!r}") from error

    def register(self, count: int) -> list[UUID]:
        """Register a fleet with so many testers."""
        fleet = uuid4()
        body: dict[str, Any] = {"name": "edge", "spec": {}, "orchestrator": "me"}
        assert self.send("PUT", f"/api/v1/fleets/{fleet}", json.dumps(body).encode())[0] == 201
        testers = [uuid4() for _ in range(count)]
        for number, tester in enumerate(testers):
            body = {
                "fleet_id": str(fleet),
                "name": f"tester{number}",
                "config": {},
                "token_sha256": digest_of_token(TESTER_TOKEN),
            }
            assert self.send("PUT", f"/api/v1/testers/{tester}", json.dumps(body).encode())[0] == 201
        return testers

    def end(self) -> int:
        """Have it stop; return its exit code."""
        self._ending.set()
        if self._keeper.is_alive():
            self._keeper.join(DEADLINE_S)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_S)

    def _started(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "collector", "serve", "--port", str(self.port), *self._words],
                stderr=log,
                env=self._environment,
            )

    def _keep(self) -> None:
        while not self._ending.wait(0.05):
            if self.process.poll() is not None:
                self.process = self._started()


@contextmanager
def a_program(
    database_url: str, *, log: Path, workers: int = 1, settings: dict[str, str] | None = None
) -> Iterator[Program]:
    """Give a collector that serves; whatever is left of it is killed at the end."""
    program = Program(database_url, log=log, workers=workers, settings=settings)
    try:
        program.wait_ready()
        yield program
    finally:
        program._ending.set()
        left = program.children()
        program.process.kill()
        program.process.wait(DEADLINE_S)
        for child in left:
            with suppress(psutil.NoSuchProcess):
                child.kill()
