"""Two orchestrators, one collector, one name."""

import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.collector_client import CollectorClient, CollectorError
from tests.orchestrator.commands.a_world import World


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    url: str
    token_file: Path


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    folder = tmp_path / "served"
    folder.mkdir()
    token_file = folder / "token"
    token_file.write_text(secrets.token_urlsafe(32))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "collector", "serve", "--port", str(port)]
    command += ["--database-url", f"sqlite:///{folder}/collector.sqlite3"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={"COLLECTOR_ADMIN_TOKEN_FILE": str(token_file)}
        )
    until = time.monotonic() + 30
    with CollectorClient(f"http://127.0.0.1:{port}") as client:
        while True:
            try:
                client.healthz(deadline_s=1.0, tries=1)
                break
            except CollectorError:
                assert time.monotonic() < until
                time.sleep(0.05)
    yield Served(url=f"http://127.0.0.1:{port}", token_file=token_file)
    process.terminate()
    process.wait(20)


def pointed(world: World, served: Served) -> World:
    path = world.write_fleet(testers="{name: a}")
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


def test_a_fleet_is_measured_with_somebody_elses_collector(world: World, served: Served) -> None:
    pointed(world, served)
    ended = world.run("sweep")
    assert ended.code == 0, ended.err
    assert "none lost" in ended.out
    assert not world.processes()


def test_a_name_that_another_orchestrator_works_on_is_refused_unless_it_joins(
    world: World, served: Served
) -> None:
    pointed(world, served)
    assert world.run("up").code == 0
    other = another(world)
    checked = other.run("check")
    assert checked.code == 2
    assert "fleet 'mill' is registered at the collector by " in checked.err
    assert world.run("check").code == 0
    refused = other.run("up")
    assert refused.code == 2
    assert "fleet 'mill' is registered at the collector by " in refused.err
    assert (
        "  cause: that fleet has another UUID than the one of this state directory\n"
        "  next:  give this fleet another name, or work on the same fleet: `orchestrate up --join`\n"
    ) in refused.err
    assert not (other.of_fleet / "journal.sqlite3").exists()
    joined = other.run("up", "--join")
    assert joined.code == 0, joined.err
    # The testers of either place go on with the tokens that they have.
    assert world.run("up", "--again").code == 0
    assert other.run("up", "--again").code == 0
    assert other.run("down").code == 0
    assert world.run("down").code == 0


def test_a_wrong_admin_token_is_refused_before_anything_is_created(world: World, served: Served) -> None:
    pointed(world, served)
    served.token_file.write_text("wrong")
    ended = world.run("up")
    assert ended.code == 2
    assert "HTTP 401" in ended.err
    assert not world.of_fleet.exists()


def test_a_collector_that_is_away_is_told_before_anything_is_created(world: World, served: Served) -> None:
    path = pointed(world, served).directory / "fleet.yaml"
    path.write_text(path.read_text().replace(served.url, "http://127.0.0.1:9"))
    ended = world.run("up")
    assert ended.code == 1
    assert "the collector at http://127.0.0.1:9 does not answer" in ended.err
    assert not world.of_fleet.exists()
