import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from orchestrator.places import processes
from orchestrator.places.deadline import Deadline
from orchestrator.places.local import LocalPlace
from orchestrator.places.place import Life, NewHost
from orchestrator.places.strays import stop_strays
from wire.job import Job, JobServer, ProbePlan

FLEET_ID = uuid4()
"""Not the same twice: another run of these tests, beside this one, has testers of other fleets."""
HOST = f"mill-a-{FLEET_ID.hex[:8]}-0f0f"
SOON = Deadline.after(600)


def job(*, repeat: int | None = None, fleet_id: UUID = FLEET_ID) -> Job:
    return Job(
        fleet="mill",
        fleet_id=fleet_id,
        tester="a",
        tester_id=uuid4(),
        sweep_id=uuid4(),
        servers=(JobServer(name="loop", host="127.0.0.1"),),
        probe=ProbePlan(count=1, interval_s=0.0, timeout_s=0.2, ip="4"),
        repeat=repeat,
        every_s=0.2,
    )


@pytest.fixture
def place(tmp_path: Path, may_ping: None) -> Iterator[LocalPlace]:
    made = LocalPlace(root=tmp_path / "testers")
    yield made
    for name in made.names():
        made.remove(name, say=nobody, deadline=Deadline.after(30))


def nobody(_line: str) -> None:
    """Take what is said of a host."""


def started(place: LocalPlace, told: Job, *, first_index: int = 0) -> None:
    host = NewHost(name=HOST, tester="a", driver="local", region="here", fleet_id=FLEET_ID)
    place.create(host, say=nobody, deadline=SOON)
    place.start(HOST, job=told.to_bytes(), token="t" * 43, first_index=first_index, say=nobody, deadline=SOON)


def until(is_so: Callable[[], object], *, within_s: float = 10.0) -> None:
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_tester_is_found_by_its_directory_and_gone_after_stop(place: LocalPlace) -> None:
    started(place, job())
    assert place.is_running(HOST)
    other = f"mill-b-{FLEET_ID.hex[:8]}-0f0f"
    assert place.lives([HOST, other]) == {HOST: Life.RUNS, other: Life.ENDED}
    place.stop(HOST, deadline=Deadline.after(30))
    assert not place.is_running(HOST)
    place.stop(HOST, deadline=Deadline.after(30))


def test_starting_a_tester_that_runs_starts_no_second_one(place: LocalPlace, tmp_path: Path) -> None:
    told = job()
    started(place, told)
    started(place, told)
    assert len(processes.with_arguments(str(tmp_path / "testers" / HOST / "job.json"))) == 1


def test_a_tester_that_ignores_sigterm_is_killed(place: LocalPlace, tmp_path: Path) -> None:
    started(place, job())
    (process,) = processes.with_arguments(str(tmp_path / "testers" / HOST / "job.json"))
    process.send_signal(signal.SIGSTOP)
    place.stop(HOST, deadline=Deadline.after(0.3))
    assert not place.is_running(HOST)


def test_a_report_without_a_collector_lies_in_the_spool_until_it_is_dropped(place: LocalPlace) -> None:
    told = job(repeat=1)
    started(place, told)
    until(lambda: place.spooled(HOST))
    until(lambda: place.runs_made(HOST, sweep_id=told.sweep_id, tester_id=told.tester_id) == 1)
    (name,) = place.spooled(HOST)
    assert place.read_report(HOST, name)[:2] == b"\x1f\x8b"
    assert place.spool_count(HOST).waiting == 1
    place.drop_report(HOST, name)
    assert place.spooled(HOST) == []


def test_a_new_host_goes_on_where_the_former_one_ended(place: LocalPlace) -> None:
    told = job(repeat=3)
    started(place, told, first_index=2)
    until(lambda: place.spooled(HOST))
    until(lambda: place.runs_made(HOST, sweep_id=told.sweep_id, tester_id=told.tester_id) == 3)
    assert len(place.spooled(HOST)) == 1


def test_token_and_job_are_for_their_owner_only(place: LocalPlace, tmp_path: Path) -> None:
    started(place, job())
    for name in ("token", "job.json"):
        assert (tmp_path / "testers" / HOST / name).stat().st_mode & 0o077 == 0


def test_a_removed_host_leaves_nothing_and_removing_it_again_succeeds(place: LocalPlace) -> None:
    started(place, job())
    place.remove(HOST, say=nobody, deadline=Deadline.after(30))
    assert place.names() == []
    assert not place.is_running(HOST)
    place.remove(HOST, say=nobody, deadline=Deadline.after(30))


def test_strays_of_another_fleet_are_left_alone(place: LocalPlace) -> None:
    started(place, job(fleet_id=uuid4()))
    assert stop_strays(FLEET_ID).stopped == 0
    assert place.is_running(HOST)


def test_strays_of_the_fleet_are_stopped(place: LocalPlace) -> None:
    started(place, job())
    assert stop_strays(FLEET_ID).stopped == 1
    assert not place.is_running(HOST)
