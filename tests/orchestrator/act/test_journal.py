import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from orchestrator.act.journal import FleetRecord, Journal, MovedByAnother
from orchestrator.act.schema import MIGRATIONS, VERSION
from orchestrator.decide.facts import Sweep
from orchestrator.decide.host import Host, HostEvent, HostState, IllegalMove
from orchestrator.errors import ConfigurationError

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Clock:
    """A clock that moves on by a second at each look."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def a_host(name: str = "mill-a-7d444840-0f0f") -> Host:
    return Host(
        name=name,
        tester="a",
        tester_id=UUID(int=1),
        driver="local",
        region="a",
        state=HostState.PLANNED,
        since=NOON,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fleet" / "journal.sqlite3"


def test_a_host_that_was_written_down_is_there_for_the_next_orchestrator(path: Path) -> None:
    with Journal(path, clock=Clock()) as journal:
        journal.add_host(a_host())
        moved = journal.move(a_host().name, HostEvent.CREATE_STARTED)
    assert moved.state is HostState.CREATING
    with Journal(path, clock=Clock()) as journal:
        assert journal.hosts() == [moved]


def test_a_removed_host_is_listed_on_request_only(path: Path) -> None:
    with Journal(path, clock=Clock()) as journal:
        journal.add_host(a_host())
        journal.move(a_host().name, HostEvent.REMOVE_STARTED)
        journal.move(a_host().name, HostEvent.REMOVED)
        assert journal.hosts() == []
        assert [host.state for host in journal.hosts(include_removed=True)] == [HostState.REMOVED]


def test_a_move_outside_the_table_raises_and_changes_nothing(path: Path) -> None:
    with Journal(path, clock=Clock()) as journal:
        journal.add_host(a_host())
        with pytest.raises(IllegalMove):
            journal.move(a_host().name, HostEvent.TESTER_STARTED)
        assert journal.hosts() == [a_host()]


def test_a_host_that_somebody_else_moved_is_not_moved_again(path: Path) -> None:
    with Journal(path, clock=Clock()) as ours, Journal(path, clock=Clock()) as theirs:
        ours.add_host(a_host())
        barrier = threading.Barrier(2)
        ended: list[str] = []

        def move(journal: Journal) -> None:
            barrier.wait()
            try:
                journal.move(a_host().name, HostEvent.CREATE_STARTED)
                ended.append("moved")
            except (MovedByAnother, IllegalMove):
                ended.append("refused")

        threads = [threading.Thread(target=move, args=(journal,)) for journal in (ours, theirs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ended) == ["moved", "refused"]
        assert [line.event for line in ours.log()] == ["planned", "create_started"]


def test_what_a_tester_is_told_is_written_with_the_move(path: Path) -> None:
    sweep_id = uuid4()
    with Journal(path, clock=Clock()) as journal:
        journal.add_host(a_host())
        journal.move(a_host().name, HostEvent.CREATE_STARTED)
        journal.move(a_host().name, HostEvent.CREATED)
        host = journal.move_told(a_host().name, HostEvent.START_STARTED, job_digest="x-y", sweep_id=sweep_id)
        assert (host.job_digest, host.sweep_id) == ("x-y", sweep_id)


def test_a_sweep_is_finished_once(path: Path) -> None:
    sweep = Sweep(sweep_id=uuid4(), started_at=NOON)
    with Journal(path, clock=Clock()) as journal:
        journal.add_sweep(sweep)
        journal.finish_sweep(sweep.sweep_id, outcome="complete")
        journal.finish_sweep(sweep.sweep_id, outcome="failed")
        newest = journal.newest_sweep()
        assert newest is not None
        assert newest.finished_at is not None
        assert journal.outcome(sweep.sweep_id) == "complete"


def test_the_fleet_comes_back_as_it_was_written(path: Path) -> None:
    record = FleetRecord(
        fleet_id=uuid4(), name="mill", created_at=NOON, spec={"name": "mill"}, source="fleet.yaml"
    )
    with Journal(path, clock=Clock()) as journal:
        assert journal.fleet() is None
        journal.write_fleet(record)
        assert journal.fleet() == record


def test_a_journal_of_a_newer_version_is_refused_and_left_as_it_is(path: Path) -> None:
    Journal(path, clock=Clock()).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 70")
    db.close()
    with pytest.raises(ConfigurationError) as caught:
        Journal(path, clock=Clock())
    assert caught.value.what == f"the journal {path} is of version 70, this orchestrator reads {VERSION}"
    assert caught.value.next_step == "install that version, and run the command again"


def test_each_record_is_told_after_it_is_committed(path: Path) -> None:
    seen: list[int] = []

    def look() -> None:
        db = sqlite3.connect(path)
        seen.append(db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'hosts'").fetchone()[0])
        db.close()

    with Journal(path, clock=Clock(), after_write=look) as journal:
        journal.add_host(a_host())
    assert seen == [1, 1]


def test_the_journal_is_for_its_owner_only_and_safe_against_power_loss(path: Path) -> None:
    with Journal(path, clock=Clock()):
        assert path.stat().st_mode & 0o077 == 0
        db = sqlite3.connect(path)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        db.close()


def test_a_region_that_was_ever_asked_for_a_host_stays_known(path: Path) -> None:
    with Journal(path, clock=Clock()) as journal:
        for number, region in enumerate(("eu-west-1", "us-east-1", "eu-west-1")):
            journal.add_host(a_host(f"mill-a-7d444840-000{number}"), cloud_region=region)
        for host in journal.hosts():
            journal.move(host.name, HostEvent.REMOVE_STARTED)
            journal.move(host.name, HostEvent.REMOVED)
        driver = a_host().driver

        assert journal.cloud_regions(driver) == ["eu-west-1", "us-east-1"]
        assert journal.cloud_regions("google") == []


@pytest.mark.parametrize("version", range(1, VERSION))
def test_a_journal_of_an_older_version_is_brought_to_this_one(path: Path, version: int) -> None:
    path.parent.mkdir(parents=True)
    db = sqlite3.connect(path)
    for statement in (statement for some in MIGRATIONS[:version] for statement in some):
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {version}")
    db.close()

    with Journal(path, clock=Clock()) as journal:
        journal.add_host(a_host(), cloud_region="eu-west-1")
        assert [host.name for host in journal.hosts()] == [a_host().name]
