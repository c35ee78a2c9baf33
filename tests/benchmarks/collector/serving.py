"""A server in a process of its own: the collector, or a peer that says its address in the same way."""

import base64
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from collector.auth import digest_of_token
from tests.benchmarks.collector.cpu import cpu_s

ROOT = Path(__file__).resolve().parents[3]
COLLECTOR = ("-m", "collector", "serve", "--port", "0")
ONE_EACH = ("-m", "tests.benchmarks.collector.one_each", "serve", "--port", "0")
"""The same with a transaction for each report."""

ADMIN = ("admin", "a token of the benchmark")
OK, CREATED = 200, 201


class Client:
    """One connection that is kept open."""

    def __init__(self, address: str, *, user: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=600)
        given = base64.b64encode(f"{user}:{token}".encode()).decode()
        self._headers = {"Authorization": f"Basic {given}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: bytes | None = None, *, expected: int = CREATED) -> bytes:
        """Return the body of an answer that is as expected."""
        self._connection.request(method, path, body=body, headers=self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != expected:
            raise SystemExit(f"{method} {path} was answered {answer.status}: {text[:500]!r}")
        return text

    def close(self) -> None:
        """End it."""
        self._connection.close()

    def put(self, path: str, body: dict[str, Any]) -> None:
        """Write something new."""
        self.ask("PUT", path, json.dumps(body).encode())


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A server that answers; `pid` is its process."""

    pid: int
    address: str
    clients: list[Client] = field(default_factory=list)

    def client(self, user: str = ADMIN[0], token: str = ADMIN[1]) -> Client:
        """Return a connection of a user, by default the admin's; it is closed with the server."""
        self.clients.append(Client(self.address, user=user, token=token))
        return self.clients[-1]

    def cpu_s(self) -> float:
        """Return what the process has cost."""
        return cpu_s(self.pid)

    def register(self, fleet_id: object, fleet: str, testers: Sequence[tuple[object, str, str]]) -> None:
        """Register a fleet and its testers: UUID, name and token of each."""
        admin = self.client()
        spec = {"name": fleet, "spec": {"version": 1, "servers": []}, "orchestrator": "bench"}
        admin.put(f"/api/v1/fleets/{fleet_id}", spec)
        for tester_id, name, token in testers:
            body = {
                "fleet_id": str(fleet_id),
                "name": name,
                "location": name,
                "config": {"driver": "local"},
                "token_sha256": digest_of_token(token),
            }
            admin.put(f"/api/v1/testers/{tester_id}", body)


@contextmanager
def served(program: Sequence[str], *, database_url: str) -> Iterator[Served]:
    """Give a server that is told to stop at the end."""
    process = subprocess.Popen(
        [sys.executable, *program],
        cwd=ROOT,
        env=os.environ | {"COLLECTOR_DATABASE_URL": database_url, "COLLECTOR_ADMIN_TOKEN": ADMIN[1]},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said: list[str] = []
    try:
        for line in process.stderr:
            said.append(line)
            if line.startswith("{") and "url" in (found := json.loads(line)):
                server = Served(pid=process.pid, address=urlsplit(found["url"]).netloc)
                try:
                    yield server
                finally:
                    for client in server.clients:
                        client.close()
                break
        else:
            raise SystemExit(f"{' '.join(program)} does not serve: {''.join(said)}")
    finally:
        process.terminate()
        process.communicate(timeout=60)
