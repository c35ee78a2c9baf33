"""A real collector on SQLite, and a command line that talks to it."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrator.collector_client import CollectorClient, CollectorError

START_S = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    url: str
    admin_token: str = field(repr=False)

    def client(self) -> CollectorClient:
        return CollectorClient(self.url, admin_token=self.admin_token, deadline_s=10.0)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("collector")
    token = secrets.token_urlsafe(32)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "collector", "serve", "--port", str(port)]
    command += ["--database-url", f"sqlite:///{folder}/collector.sqlite3"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=os.environ | {"COLLECTOR_ADMIN_TOKEN": token}
        )
    try:
        until = time.monotonic() + START_S
        with CollectorClient(url) as client:
            while True:
                try:
                    client.check_version(deadline_s=1.0, tries=1)
                    break
                except CollectorError:
                    assert process.poll() is None, (folder / "log").read_text()
                    assert time.monotonic() < until, (folder / "log").read_text()
                    time.sleep(0.05)
        yield Served(url=url, admin_token=token)
    finally:
        process.terminate()
        process.wait(20)


Orchestrate = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def orchestrate(served: Served, tmp_path: Path) -> Orchestrate:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "ORCHESTRATE_STATE_DIR": str(tmp_path / "state"),
        "ORCHESTRATE_COLLECTOR_URL": served.url,
        "ORCHESTRATE_ADMIN_TOKEN": served.admin_token,
        "COLUMNS": "100",
    }

    def run(*arguments: str, stdin: str = "", **extra: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "orchestrator", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=environment | extra,
            cwd=tmp_path,
            timeout=60,
            check=False,
        )

    return run
