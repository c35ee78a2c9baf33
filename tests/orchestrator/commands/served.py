"""A collector that somebody else runs, and fleets that report to it."""

import secrets
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.collector_client import CollectorClient, CollectorError
from tests.orchestrator.commands.a_world import World


@dataclass(kw_only=True, slots=True)
class Served:
    """`collector serve` on a port of its own; its database outlives it."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token_file(self) -> Path:
        return self.folder / "token"

    def start(self) -> None:
        self.token_file.write_text(self.token)
        command = [sys.executable, "-m", "collector", "serve", "--port", str(self.port)]
        command += ["--database-url", f"sqlite:///{self.folder}/collector.sqlite3"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, env={"COLLECTOR_ADMIN_TOKEN_FILE": str(self.token_file)}
            )
        until = time.monotonic() + 30
        with CollectorClient(self.url) as client:
            while True:
                try:
                    client.healthz(deadline_s=1.0, tries=1)
                    return
                except CollectorError:
                    assert time.monotonic() < until
                    time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def pointed(world: World, served: Served, *, more: str = "") -> World:
    path = world.write_fleet(testers="{name: a}", more=more)
    path.write_text(
        path.read_text().replace(
            f"port: {world.port}", f"url: '{served.url}', admin_token: {{file: {served.token_file}}}"
        )
    )
    return world


def another(world: World) -> World:
    """Return the same fleet file beside another state directory: somebody else's machine."""
    directory = world.directory / "elsewhere"
    directory.mkdir()
    (directory / "fleet.yaml").write_text((world.directory / "fleet.yaml").read_text())
    return World(directory=directory, port=world.port)
