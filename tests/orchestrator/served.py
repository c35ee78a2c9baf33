"""A collector that somebody else runs."""

import secrets
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.collector_client import CollectorClient, CollectorError
from tests.orchestrator.free_port import a_free_port

DEADLINE_S = 60.0


@dataclass(kw_only=True, slots=True)
class Served:
    """`collector serve` on SQLite and a port of its own; its database outlives it."""

    folder: Path
    port: int = field(default_factory=a_free_port)
    admin_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token_file(self) -> Path:
        return self.folder / "token"

    def client(self) -> CollectorClient:
        return CollectorClient(self.url, admin_token=self.admin_token, deadline_s=20.0)

    def start(self) -> None:
        self.token_file.write_text(self.admin_token)
        command = [sys.executable, "-m", "collector", "serve", "--port", str(self.port)]
        command += ["--database-url", f"sqlite:///{self.folder}/collector.sqlite3"]
        log = self.folder / "log"
        with log.open("ab") as written:
            self.process = subprocess.Popen(
                command,
                stdout=written,
                stderr=written,
                env={"COLLECTOR_ADMIN_TOKEN_FILE": str(self.token_file)},
            )
        until = time.monotonic() + DEADLINE_S
        with CollectorClient(self.url) as client:
            while True:
                try:
                    client.check_version(deadline_s=1.0, tries=1)
                    return
                except CollectorError:
                    assert self.process.poll() is None, log.read_text()
                    assert time.monotonic() < until, log.read_text()
                    # Nothing tells that it listens but an answer.
                    time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(DEADLINE_S)
            self.process = None
