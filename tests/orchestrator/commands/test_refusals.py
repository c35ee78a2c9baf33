"""What `up` refuses, in which words, and that nothing was created then."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.orchestrator.commands.a_world import World


def said(world: World, *arguments: str, code: int = 2) -> str:
    """Return the card that a command ends with; nothing may run after it."""
    ended = world.run(*arguments)
    assert ended.code == code, ended.err
    assert not world.processes()
    lines = ended.err.splitlines(keepends=True)
    while lines and lines[0][2:3] == ":":
        lines.pop(0)
    return "".join(lines)


@contextmanager
def stranger(port: int, *, health: dict[str, Any] | None = None) -> Iterator[None]:
    """Something else on a port: it knows no `/healthz`, or says what it is told to."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if health is None else 200)
            self.end_headers()
            self.wfile.write(b"" if health is None else json.dumps(health).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = HTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_stranger_on_the_port_is_told_with_the_remedy(world: World) -> None:
    world.write_fleet()
    with stranger(world.port):
        assert said(world, "up") == (
            f"port {world.port} is taken by another program\n"
            "  cause: it cannot be bound on 127.0.0.1: Address already in use\n"
            f"  next:  choose another in fleet.yaml: `collector: {{port: {world.port + 1}}}`\n"
        )
    assert not world.of_fleet.exists()


def test_the_collector_of_another_fleet_on_the_port_is_told_apart(world: World) -> None:
    world.write_fleet()
    health = {"status": "ok", "instance_id": "x", "version": "9", "api_version": 1, "report_versions": [1]}
    with stranger(world.port, health=health):
        assert said(world, "up").splitlines()[1] == (
            "  cause: a collector that is not this fleet's answers there"
        )


def test_a_collector_of_another_api_version_is_refused_with_the_remedy(world: World) -> None:
    path = world.write_fleet()
    url = f"http://127.0.0.1:{world.port}"
    path.write_text(path.read_text().replace(f"port: {world.port}", f"url: {url}"))
    health = {"status": "ok", "instance_id": "x", "version": "9.1", "api_version": 2, "report_versions": [1]}
    with stranger(world.port, health=health):
        assert said(world, "up") == (
            f"the collector at {url} speaks API version 2, this orchestrator 1\n"
            "  cause: that collector (9.1) is newer than this orchestrator\n"
            "  next:  upgrade this orchestrator to the collector's release; one version behind is the most\n"
            "  code:  wrong-version\n"
        )
    assert not world.of_fleet.exists()


def test_a_fleet_that_needs_docker_machine_is_refused_where_there_is_none(world: World) -> None:
    world.write_fleet(testers="{name: a}, {name: far, driver: generic}")
    world.settings["ORCHESTRATE_DOCKER_MACHINE"] = "/nonexistent/docker-machine"

    assert said(world, "up") == (
        "docker-machine is not there: /nonexistent/docker-machine cannot be started\n"
        "  cause: drivers other than `local` and `docker` need it\n"
        "  next:  install docker-machine, or name it by ORCHESTRATE_DOCKER_MACHINE\n"
        "  code:  no-docker-machine\n"
    )
    assert not world.of_fleet.exists()


def test_testers_of_other_drivers_may_be_left_out(world: World) -> None:
    world.write_fleet(testers="{name: a}, {name: far, driver: generic}")
    ended = world.run("up", "--only", "a")
    assert ended.code == 0, ended.err


def test_detach_and_rm_exclude_each_other(world: World) -> None:
    world.write_fleet()
    assert said(world, "up", "--detach", "--rm").startswith("`--detach` and `--rm` exclude each other\n")


def test_a_name_that_no_tester_has_is_refused_with_the_nearest(world: World) -> None:
    world.write_fleet(testers="{name: virginia}")
    assert said(world, "up", "--only", "virgina").startswith(
        "no tester `virgina` in this fleet; did you mean `virginia`?\n"
    )


def test_a_second_orchestrator_learns_who_holds_the_fleet_and_how_to_take_over(world: World) -> None:
    world.write_fleet(testers="{name: a}", run="forever")
    first = world.begin("up")
    world.wait_until(lambda: len(world.processes()) == 2)
    ended = world.run("down")
    assert ended.code == 2
    assert (
        f"fleet 'mill' is held by `orchestrate up` (pid {first.pid} on {socket.gethostname()}) since 2"
        in (ended.err)
    )
    assert (
        "  cause: one orchestrator works on a fleet at a time\n"
        f"  next:  wait until it ends, or take over: kill -INT {first.pid}, then run this command again\n"
    ) in ended.err


def test_a_fleet_file_that_is_not_there_is_told(world: World) -> None:
    ended = world.run("up", "nowhere.yaml")
    assert ended.code == 2
    assert ended.err.startswith("nowhere.yaml: ")


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="making a network namespace needs root")
@pytest.mark.skipif(not shutil.which("unshare"), reason="unshare is not there")
@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv is not there")
def test_a_user_whose_system_allows_no_ping_is_told_the_three_remedies(world: World) -> None:
    world.write_fleet()
    # A new namespace begins with a closed ping_group_range, and uid 0 without capabilities is as good
    # as anybody, except that it can read this Python wherever it lies.
    powerless = ["unshare", "--net", "setpriv", "--securebits=+noroot", "--bounding-set=-all"]
    ended = subprocess.run(
        [*powerless, sys.executable, "-m", "orchestrator", "up"],
        cwd=world.directory,
        env=world.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert (
        "this system allows no socket to ping with (raw: not permitted; dgram: not permitted)" in ended.stderr
    )
    assert all(f"  {number}. " in ended.stderr for number in (1, 2, 3))
    assert not world.of_fleet.exists()


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_under_the_journal_is_told_and_nothing_is_begun(world: World) -> None:
    world.write_fleet()
    world.state.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(world.state)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mount.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mount.stderr.strip()}")
    try:
        with (world.state / "ballast").open("wb") as ballast:
            ballast.write(b"x" * 48 * 1024)
        text = said(world, "up", code=1)
        assert text.startswith(f"the journal {world.of_fleet / 'journal.sqlite3'} cannot be used: ")
        assert text.endswith(
            "  cause: nothing is begun that cannot be written down first\n"
            "  next:  make room on that disk, then run the command again\n"
            "  code:  journal-unusable\n"
        )
        (world.state / "ballast").write_bytes(b"x" * 16)
    finally:
        subprocess.run(["umount", str(world.state)], check=True)
