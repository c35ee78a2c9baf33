"""A disk that is full under the state directory: told, and nothing is begun, lost or forgotten."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.collector_client import CollectorClient
from tests.orchestrator.commands.a_world import World
from tests.orchestrator.commands.test_interrupted import until_said
from tests.orchestrator.commands.test_schedule import history, let_it_be_due
from tests.orchestrator.served import Served
from tests.small_disk import a_small_disk, fill

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root"),
]

RUNS = 12
FULL = "cannot be used: the disk is full"


@pytest.fixture
def cramped(world: World, served: Served) -> Iterator[World]:
    """A fleet of two testers whose state has a small disk; its collector has another."""
    now = datetime.now(UTC)
    # Due once, just now; not again while the test runs.
    schedule = f'schedule: [{{name: daily, cron: "{now.minute} {now.hour} * * *"}}]'
    path = world.write_fleet(run=f"{{repeat: {RUNS}, every: 300ms}}", more=schedule)
    own = f"url: '{served.url}', admin_token: {{file: {served.token_file}}}"
    path.write_text(path.read_text().replace(f"port: {world.port}", own))
    with a_small_disk(world.state, size=2**21):
        yield world
        world.clear()


def measured(served: Served) -> Counter[tuple[str, str]]:
    """Count the runs that the collector has, by tester and state."""
    with CollectorClient(served.url, admin_token=served.admin_token) as client:
        return Counter((run["tester"], run["state"]) for run in client.runs())


def test_where_the_disk_is_full_nothing_is_begun_and_the_tick_waits_for_room(
    cramped: World, served: Served
) -> None:
    ballast = fill(cramped.state)
    for command in (["schedule", "run"], ["schedule", "run", "--once"], ["sweep"]):
        ended = cramped.run(*command)
        assert ended.code == 1, ended.err
        assert FULL in ended.err
        assert "next:  make room on that disk, then run the command again" in ended.err
    assert not cramped.processes()
    ballast.unlink()
    assert cramped.run("schedule", "run", "--once").code == 0

    process = cramped.begin("schedule", "run")
    until_said(process, "schedule daily: ")
    # Due while it does not look, and full before it looks again.
    process.send_signal(signal.SIGSTOP)
    let_it_be_due(cramped, since=timedelta(minutes=10))
    ballast = fill(cramped.state, left=4096)
    process.send_signal(signal.SIGCONT)
    until_said(process, f"{FULL}; it is tried again every 5 s")
    assert not measured(served)
    ballast.unlink()
    until_said(process, "2 removed, 0 left.")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    assert [each["outcome"] for each in history(cramped)] == ["complete"]
    assert measured(served) == {("a", "complete"): RUNS, ("b", "complete"): RUNS}


def test_a_sweep_whose_disk_fills_says_which_hosts_stay_and_goes_on_once_there_is_room(
    cramped: World, served: Served
) -> None:
    process = cramped.begin("sweep")
    until_said(process, f"run 3/{RUNS} complete")
    ballast = fill(cramped.state)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 5, err
    assert "2 hosts stay: a, b\n  cause: the journal " in err
    assert FULL in err
    down = cramped.run("down")
    assert down.code == 5, down.err
    assert "a, b" in down.err
    assert "lost" not in down.err
    ballast.unlink()
    again = cramped.run("sweep")

    assert again.code == 0, again.err
    assert "2 removed, 0 left." in again.err
    assert measured(served) == {("a", "complete"): RUNS, ("b", "complete"): RUNS}
    assert not cramped.processes()
