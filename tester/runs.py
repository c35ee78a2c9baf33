"""The schedule: once, N times, or for ever, until somebody says stop."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from tester.errors import JobError
from tester.jobs import Jobs
from tester.log import Log
from tester.measure import Means, measure
from tester.state import State
from tester.status import Status
from wire.identity import run_id_of
from wire.job import Job
from wire.report import Report

if TYPE_CHECKING:  # who only looks at the output needs no way out
    from tester.deliver import Delivery
    from tester.outbox import Outbox

FULL_PAUSE_S = 5.0
"""Between looks at a spool that is full, for runs that follow each other without a pause."""
AFTER_RUN_S = 5.0
"""Where runs follow each other at once, how long the last report has to be on its way."""


class Show(Protocol):
    """Shows a report to the person who asked for it."""

    def __call__(self, report: Report) -> None:
        """Show one report."""


@dataclass(kw_only=True, slots=True)
class Runs:
    """Makes the runs of a job.

    `outbox` and `delivery` are None for somebody who only looks at the output. `point` is told of
    each job, so that a new collector is used. `dice` returns a number from 0 up to 1.
    """

    jobs: Jobs
    means: Means
    state: State
    log: Log
    show: Show
    dice: Callable[[], float]
    outbox: "Outbox | None" = None
    point: Callable[[Job], None] = lambda _job: None
    made_count: int = field(default=0, init=False)
    skipped_count: int = field(default=0, init=False)
    _bad: str | None = field(default=None, init=False)

    def make(self, job: Job) -> None:
        """Make every run that is left of the job, each at its time."""
        clock, stop = self.means.clock, self.means.stop
        nominal = clock.monotonic() + self._rest_of_pause(job)
        while not self._is_done(job):
            at = nominal + self.dice() * job.jitter_s
            self._tell_waiting(job, wait_s=at - clock.monotonic())
            clock.wait(at - clock.monotonic(), stop=stop)
            if stop.requested:
                return
            job = self._read_again(job)
            if self._is_done(job):
                return
            if self._run(job):
                # A run that took longer than the interval moves the schedule: it is not caught up.
                nominal = max(nominal + job.every_s, clock.monotonic())

    def _is_done(self, job: Job) -> bool:
        return job.repeat is not None and self._index(job) >= job.repeat

    def _index(self, job: Job) -> int:
        return self.state.next_index(sweep_id=job.sweep_id, tester_id=job.tester_id)

    def _run(self, job: Job) -> bool:
        """Make the next run; return False where it was made before, or a stop came before it began."""
        index = self._index(job)
        run_id = run_id_of(sweep_id=job.sweep_id, tester_id=job.tester_id, index=index)
        started_at = self.means.clock.now()
        if self.outbox is not None and self.outbox.knows(run_id):
            self._advance(job, index, started_at)
            return False
        if self.outbox is not None and self.outbox.is_full():
            self._skip(job, index, started_at, outbox=self.outbox)
            return True
        status = Status(state="pinging", sweep_id=job.sweep_id, run_id=run_id, index=index, of=job.repeat)
        self._set_status(status)
        self.log.info("run_started", "a run begins", run_id=run_id, index=index, of=job.repeat)
        report = measure(job, run_id=run_id, index=index, means=self.means)
        if report is None:
            return False
        self.made_count += 1
        self._keep(report, then=lambda: self._advance(job, index, report.started_at))
        delivery = self.means.delivery
        if delivery is not None:
            delivery.wake()
        self.log.info(
            "run_finished",
            "a run has ended",
            run_id=run_id,
            index=index,
            end=report.end,
            rows=len(report.results),
        )
        self.show(report)
        if delivery is not None and delivery.healthy() and job.every_s == 0 and not self._is_done(job):
            self._let_deliver(delivery)
        return True

    def _let_deliver(self, delivery: "Delivery") -> None:
        delivery.wait_empty(wait_s=AFTER_RUN_S, give_up=lambda: not delivery.healthy())

    def _keep(self, report: Report, *, then: Callable[[], None]) -> None:
        if self.outbox is None:
            then()
            return
        on_disk = self.outbox.put(
            report.to_bytes(), run_id=report.run_id, started_at=report.started_at, then=then
        )
        if not on_disk:
            text = (
                f"the report of run {report.run_id} cannot be spooled in {self.outbox.spool.directory}: "
                f"{self.outbox.spool_error}; it is kept in memory and tried again"
            )
            self.log.error("spool_failed", text, run_id=report.run_id)
            if self.means.delivery is not None:
                self.means.delivery.note_error(text)

    def _skip(self, job: Job, index: int, started_at: datetime, *, outbox: "Outbox") -> None:
        outbox.skipped_count += 1
        self.skipped_count += 1
        text = (
            f"run {index} of sweep {job.sweep_id} is not begun: the spool {outbox.spool.directory} is at its "
            f"limit of {outbox.spool.limit_bytes} bytes; deliver what it holds, or raise --spool-limit"
        )
        self.log.error("run_skipped", text, index=index)
        if self.means.delivery is not None:
            self.means.delivery.note_error(text)
        self._advance(job, index, started_at, skipped=True)
        if job.every_s == 0 and not self._is_done(job):
            self.means.clock.wait(FULL_PAUSE_S, stop=self.means.stop)

    def _advance(self, job: Job, index: int, started_at: datetime, *, skipped: bool = False) -> None:
        self.state.advance(
            sweep_id=job.sweep_id,
            tester_id=job.tester_id,
            index=index,
            started_at=started_at,
            skipped=skipped,
        )

    def _read_again(self, job: Job) -> Job:
        """Return the job as it stands now; a bad new one is told, and the old one goes on."""
        try:
            new = self.jobs.read()
            if new.tester_id != job.tester_id:
                raise JobError(f"the job is for another tester now ({new.tester_id})")
            self.point(new)
        except JobError as error:
            if self._bad != str(error):
                self._bad = str(error)
                self.log.error("job_refused", f"{error}; the job as it was before goes on")
                if self.means.delivery is not None:
                    self.means.delivery.note_error(str(error))
            return job
        self._bad = None
        return new

    def _rest_of_pause(self, job: Job) -> float:
        """Return how long to wait before the first run: a restart keeps the distance to the last one.

        Bounded by the interval, so that a clock that was set meanwhile costs one interval at most.
        """
        last = self.state.last_started_at(sweep_id=job.sweep_id, tester_id=job.tester_id)
        if last is None:
            return 0.0
        passed_s = (self.means.clock.now() - last).total_seconds()
        return min(max(0.0, job.every_s - passed_s), job.every_s)

    def _tell_waiting(self, job: Job, *, wait_s: float) -> None:
        if wait_s > 0:
            at = self.means.clock.now() + timedelta(seconds=wait_s)
            index = self._index(job)
            self._set_status(
                Status(state="waiting", sweep_id=job.sweep_id, index=index, of=job.repeat, next_run_at=at)
            )

    def _set_status(self, status: Status) -> None:
        if self.means.delivery is not None:
            self.means.delivery.status = status
