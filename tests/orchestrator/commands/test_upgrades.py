"""What an earlier orchestrator has written down is read by this one.

`frozen/` holds the journals of fleets that were up with two local testers, as the orchestrator of that
version left them. Who makes a new version adds one.
"""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from orchestrator.act.journal import Journal
from orchestrator.act.schema import VERSION
from orchestrator.decide.host import HostState
from tests.orchestrator.commands.a_world import World

FROZEN = Path(__file__).parent / "frozen"
VERSIONS = sorted(int(path.name.split(".")[1]) for path in FROZEN.glob("journal.*.sql"))


def thaw(world: World, version: int) -> Path:
    path = world.of_fleet / "journal.sqlite3"
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as file:
        file.executescript((FROZEN / f"journal.{version}.sql").read_text(encoding="utf-8"))
    file.close()
    return path


def test_a_journal_of_this_version_is_kept() -> None:
    assert VERSION in VERSIONS, "freeze one: the journal of a fleet that is up, by sqlite3's .dump"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_frozen_journal_says_what_it_said(world: World, version: int) -> None:
    with Journal(thaw(world, version), clock=lambda: datetime(2026, 12, 1, tzinfo=UTC)) as journal:
        fleet, hosts, sweep = journal.fleet(), journal.hosts(), journal.newest_sweep()
        moves = [line.event for line in journal.log(host=hosts[0].name)]

    assert fleet is not None
    assert (fleet.name, fleet.collector_url, fleet.joined) == ("mill", None, False)
    assert [tester["name"] for tester in fleet.spec["testers"]] == ["a", "b"]
    assert [(host.tester, host.driver, host.state) for host in hosts] == [
        ("a", "local", HostState.FINISHED),
        ("b", "local", HostState.FINISHED),
    ]
    assert hosts[0].region == "north"
    assert isinstance(hosts[0].tester_id, UUID)
    assert moves[-2:] == ["tester_started", "runs_complete"]
    assert sweep is not None
    assert sweep.finished_at is not None
    assert (sweep.is_job, sweep.tick) == (False, None)


@pytest.mark.parametrize("version", VERSIONS)
def test_down_removes_what_a_frozen_journal_knows(world: World, version: int) -> None:
    path = thaw(world, version)

    ended = world.run("down")

    assert (ended.code, "mill: 2 removed, 0 left." in ended.out + ended.err) == (0, True), ended.err
    with Journal(path, clock=lambda: datetime(2026, 12, 1, tzinfo=UTC)) as journal:
        assert journal.hosts() == []
        assert len(journal.hosts(include_removed=True)) == 2


def test_down_refuses_the_journal_of_a_newer_orchestrator(world: World) -> None:
    path = thaw(world, VERSION)
    with sqlite3.connect(path) as file:
        file.execute(f"PRAGMA user_version = {VERSION + 1}")
    file.close()
    before = path.read_bytes()

    ended = world.run("down", "--fleet", "mill")

    assert ended.code == 2
    assert f"is of version {VERSION + 1}, this orchestrator reads {VERSION}" in ended.err
    assert (
        "  cause: a newer orchestrator has worked on this fleet\n  next:  install that version" in ended.err
    )
    assert path.read_bytes() == before
