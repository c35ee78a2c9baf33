"""The schedule, with the clock and the engine at their ports in the test's hands."""

import io
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tester.engine.engine import Address, Engine, Interrupt, Probed
from tester.engine.engines import Engines
from tester.errors import JobError
from tester.jobs import FixedJob
from tester.log import TextLog
from tester.measure import Means
from tester.resolve import SystemResolver
from tester.runs import Runs
from tester.state import State
from tester.stop import Stop
from wire.job import Job, ProbePlan
from wire.report import Report

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class HandClock:
    """Moves only when somebody waits, or when the test sets the wall clock."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.set_by = timedelta(0)
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.passed_s

    def now(self) -> datetime:
        return NOON + self.set_by + timedelta(seconds=self.passed_s)

    def wait(self, seconds: float, *, stop: Stop) -> None:
        self.waits.append(seconds)
        self.passed_s += max(0.0, seconds)


class QuickEngine:
    """Answers at once; every pass takes `takes_s` of the clock, then `after` is called."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.takes_s = 1.0
        self.after: Callable[[], None] = lambda: None

    def describe(self) -> dict[str, Any]:
        return {"name": "quick"}

    def probe(self, addresses: Sequence[Address], plan: ProbePlan, *, stop: Interrupt) -> Probed:
        if plan.timeout_s != 0.2:  # the health's own pass takes no time here
            self.clock.passed_s += self.takes_s
            self.after()
        return Probed(positions=array("q", [100]) * (len(addresses) * plan.count))


class OneEngine(Engines):
    """Whatever the plan says."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine

    def of(self, plan: ProbePlan) -> Engine:
        return self.engine


class Jobs:
    def __init__(self, *answers: Job | JobError) -> None:
        self.answers = list(answers)

    def read(self) -> Job:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, JobError):
            raise answer
        return answer


class Bench:
    def __init__(self, state: Path | None = None) -> None:
        self.clock = HandClock()
        self.engine = QuickEngine(self.clock)
        self.stop = Stop()
        self.said = io.StringIO()
        self.reports: list[Report] = []
        self.state = state

    def make(self, job: Job, jobs: Any = None, dice: float = 0.0) -> list[float]:
        """Make the runs and return when each began, in seconds of the monotonic clock."""
        began: list[float] = []
        log = TextLog(self.said)

        def show(report: Report) -> None:
            self.reports.append(report)
            began.append(self.clock.passed_s - self.engine.takes_s)

        Runs(
            jobs=jobs or FixedJob(job),
            means=Means(
                engines=OneEngine(self.engine),
                resolver=SystemResolver(),
                clock=self.clock,
                stop=self.stop,
                delivery=None,
            ),
            state=State(self.state, complain=lambda text: log.warning("state", text)),
            log=log,
            show=show,
            dice=lambda: dice,
        ).make(job)
        return began


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.stop.close()


def test_runs_begin_at_their_distance(bench: Bench, job_for: Callable[..., Job]) -> None:
    assert bench.make(job_for(repeat=4, every_s=10.0)) == [0, 10, 20, 30]


def test_jitter_makes_each_run_later_and_never_adds_up(bench: Bench, job_for: Callable[..., Job]) -> None:
    assert bench.make(job_for(repeat=3, every_s=10.0, jitter_s=4.0), dice=0.5) == [2, 12, 22]


def test_a_run_that_takes_too_long_is_not_caught_up(bench: Bench, job_for: Callable[..., Job]) -> None:
    bench.engine.takes_s = 25.0

    assert bench.make(job_for(repeat=3, every_s=10.0)) == [0, 25, 50]


@pytest.mark.parametrize("hours", [-30, -1, 1, 30])
def test_a_jump_of_the_wall_clock_moves_no_run(bench: Bench, job_for: Callable[..., Job], hours: int) -> None:
    def jump() -> None:
        bench.clock.set_by += timedelta(hours=hours)

    bench.engine.after = jump

    assert bench.make(job_for(repeat=3, every_s=10.0)) == [0, 10, 20]
    for report in bench.reports:
        assert report.finished_at - report.started_at == timedelta(seconds=1)
        assert report.health["clock_jump_us"] == hours * 3_600_000_000


def test_for_ever_ends_with_a_stop(bench: Bench, job_for: Callable[..., Job]) -> None:
    def ask() -> None:
        if len(bench.reports) == 4:
            bench.stop.request()

    bench.engine.after = ask

    assert len(bench.make(job_for(repeat=None, every_s=5.0))) == 5


def test_a_bad_new_job_is_told_once_and_the_old_one_goes_on(
    bench: Bench, job_for: Callable[..., Job]
) -> None:
    job = job_for(repeat=4)
    bad = JobError("the job file is wrong: probe.count: must lie between 1 and 100000")
    bench.make(job, Jobs(job, bad, bad, job))

    assert len(bench.reports) == 4
    assert bench.said.getvalue() == f"tester: {bad}; the job as it was before goes on\n"


def test_a_new_sweep_in_the_job_begins_at_its_first_run(bench: Bench, job_for: Callable[..., Job]) -> None:
    job = job_for(repeat=2)
    other = replace(job, sweep_id=job_for().sweep_id)
    bench.make(job, Jobs(job, other))

    assert [(report.sweep_id, report.index) for report in bench.reports] == [
        (job.sweep_id, 0),
        (other.sweep_id, 0),
        (other.sweep_id, 1),
    ]


@pytest.mark.parametrize(("away", "rest"), [(4, 6), (60, 0), (-7200, 10)])
def test_a_restart_keeps_the_distance_to_the_last_run(
    tmp_path: Path, job_for: Callable[..., Job], away: int, rest: int
) -> None:
    job = job_for(repeat=1, every_s=10.0)
    first, second = Bench(tmp_path / "state.json"), Bench(tmp_path / "state.json")
    first.make(job)
    second.clock.set_by = timedelta(seconds=away)

    assert second.make(replace(job, repeat=2)) == [rest]
    assert second.reports[0].index == 1
    first.stop.close()
    second.stop.close()


def test_a_state_file_that_is_rubbish_is_told_and_stops_nothing(
    tmp_path: Path, job_for: Callable[..., Job]
) -> None:
    path = tmp_path / "state.json"
    path.write_text("{]")
    bench = Bench(path)

    assert bench.make(job_for()) == [0]
    assert "the sweep begins again from what is spooled" in bench.said.getvalue()
    bench.stop.close()
