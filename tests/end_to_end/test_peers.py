"""Testers that measure each other."""

import json
import signal
import subprocess
import sys

import pytest

from tests.end_to_end.conftest import Place, wait_until
from tests.orchestrator.commands.a_world import KILLER

PEERS = """\
version: 1
name: peers
testers:
  - {name: bergen, location: {region: west}}
  - {name: oslo, location: {region: east}}
  - {name: tromso, location: {region: north}}
servers:
  - {from: testers, group: peers}
defaults:
  probe: {count: 4, interval: 0.02s, timeout: 1s}
run: RUN
collector: {port: PORT}
"""
ALL = {"bergen", "oslo", "tromso"}


def cells_of(place: Place) -> set[tuple[str, str]]:
    """Return who has measured whom, by the matrix."""
    shown = place.run("report", "matrix", "--format", "json")
    assert shown.returncode == 0, shown.stderr
    matrix = json.loads(shown.stdout)
    return {
        (row["name"], column["name"])
        for row, cells in zip(matrix["testers"], matrix["cells"], strict=True)
        for column, cell in zip(matrix["servers"], cells, strict=True)
        if cell is not None
    }


def each_other(names: set[str]) -> set[tuple[str, str]]:
    return {(one, other) for one in names for other in names if one != other}


def test_testers_that_run_once_measure_every_other_and_not_themselves(place: Place) -> None:
    place.fleet(PEERS.replace("RUN", "once"))

    done = place.run("up")

    assert done.returncode == 0, done.stdout + done.stderr
    assert cells_of(place) == each_other(ALL)
    results = place.all_of("/api/v1/results?fleet=peers", "results")
    assert len(results) == 6
    assert all(result["answered"] == 4 for result in results)
    table = place.run("report", "matrix")
    assert all(name in table.stdout for name in ALL), table.stdout


def test_up_again_tells_no_tester_anything_new(place: Place) -> None:
    place.fleet(PEERS.replace("RUN", "once"))
    assert place.run("up").returncode == 0

    again = place.run("up")

    assert again.returncode == 0, again.stderr
    assert "has changed since" not in again.stdout + again.stderr
    assert len(place.all_of("/api/v1/runs?fleet=peers", "runs")) == 3


def test_detached_testers_are_started_once_their_peers_are_known(place: Place) -> None:
    place.fleet(PEERS.replace("RUN", "once"))

    begun = place.run("up", "--detach")

    assert begun.returncode == 0, begun.stdout + begun.stderr
    watched = place.run("watch")
    assert watched.returncode == 0, watched.stdout + watched.stderr
    assert cells_of(place) == each_other(ALL)


def test_a_tester_that_comes_later_is_measured_from_the_next_run_on(place: Place) -> None:
    two = PEERS.replace("  - {name: tromso, location: {region: north}}\n", "")
    place.fleet(two.replace("RUN", "{repeat: forever, every: 0.3s}"))
    assert place.run("up", "--detach").returncode == 0
    wait_until(lambda: cells_of(place) == each_other({"bergen", "oslo"}))

    place.fleet(PEERS.replace("RUN", "{repeat: forever, every: 0.3s}"))
    changed = place.run("up", "--detach")

    assert changed.returncode == 0, changed.stdout + changed.stderr
    wait_until(lambda: cells_of(place) == each_other(ALL))
    assert place.run("down").returncode == 0
    assert place.processes() == []


def test_a_tester_without_any_peer_is_given_up_with_the_reason(place: Place) -> None:
    alone = PEERS.replace("  - {name: bergen, location: {region: west}}\n", "")
    place.fleet(alone.replace("  - {name: tromso, location: {region: north}}\n", "").replace("RUN", "once"))

    done = place.run("up")

    assert done.returncode == 1, done.stdout + done.stderr
    (run,) = place.all_of("/api/v1/runs?fleet=peers", "runs")
    assert run["state"] == "abandoned"
    assert "nobody to measure" in run["reason"]


@pytest.mark.parametrize("records", [4, 8, 10, 12, 14])
def test_after_a_kill_at_any_record_up_completes_the_whole_matrix(place: Place, records: int) -> None:
    place.fleet(PEERS.replace("RUN", "once"))
    killed = subprocess.run(
        [sys.executable, "-c", KILLER, str(records), "up"],
        cwd=place.folder,
        env=place.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    done = place.run("up")

    assert done.returncode == 0, done.stdout + done.stderr
    assert cells_of(place) == each_other(ALL)
    assert place.run("down").returncode == 0
    assert place.processes() == []
