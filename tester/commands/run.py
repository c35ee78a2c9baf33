"""`tester run`: ping, show, deliver."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from tester.clock import SystemClock
from tester.dice import dice
from tester.engine.engines import Engines
from tester.errors import JobError, TesterError, UsageError
from tester.jobs import FixedJob, JobFile, Jobs, refuse_excess
from tester.log import JsonLog, Log, TextLog
from tester.measure import Means
from tester.resolve import SystemResolver
from tester.runs import Runs, Show
from tester.state import State
from tester.stop import Stop
from tester.table import table_of
from tester.told import job_by_hand, refuse_mixture
from wire.job import Job
from wire.report import Report

if TYPE_CHECKING:  # who only looks at the output needs no way out
    from tester.commands.outlet import Outlet
    from tester.live import LiveTable


def run(
    settings: argparse.Namespace,
    *,
    environment: Mapping[str, str],
    stdin: TextIO,
    stdout: TextIO,
    stderr: TextIO,
    stop: Stop,
) -> int:
    """Make the runs that the arguments or the job ask for; return the exit code."""
    refuse_mixture(settings)
    log: Log = TextLog(stderr) if settings.job is None else JsonLog(stderr)
    jobs, job = _job(settings, stdin=stdin, log=log)
    _name(log, job)
    # The sockets come first: without them, nothing else matters.
    engines = Engines(engine=settings.engine, sockets=settings.socket)
    engines.of(job.probe)
    outlet = _outlet(settings, job, environment=environment, log=log)
    delivery = None if outlet is None else outlet.delivery
    means = Means(
        engines=engines,
        resolver=SystemResolver(),
        clock=SystemClock(),
        stop=stop,
        delivery=delivery,
        live=_live(settings, stdout=stdout),
    )
    state = State(
        None if outlet is None else outlet.outbox.spool.directory / "state.json",
        complain=lambda text: log.warning("state", text),
    )
    runs = Runs(
        jobs=jobs,
        means=means,
        state=state,
        log=log,
        show=_show(settings, stdout=stdout),
        dice=dice,
        outbox=None if outlet is None else outlet.outbox,
        point=lambda new: _point(outlet, new, log=log),
    )
    if outlet is None:
        runs.make(job)
        return 130 if stop.interrupted else 0
    try:
        outlet.outbox.skipped_count = state.skipped_count
        outlet.delivery.start()
        if job.collector_url is not None:
            outlet.meet()
        runs.make(job)
        if outlet.delivery.collector is not None:
            outlet.wait_delivered(settings.deliver_for, stop=stop)
    finally:
        outlet.close()
    return outlet.outcome(log=log, skipped_count=runs.skipped_count, stop=stop)


def _job(settings: argparse.Namespace, *, stdin: TextIO, log: Log) -> tuple[Jobs, Job]:
    if settings.job is not None:
        jobs: Jobs = JobFile(settings.job, collector_url=settings.collector, insecure=settings.insecure)
        return jobs, jobs.read()
    job = job_by_hand(settings, stdin=stdin, log=log)
    if settings.collector is not None and settings.tester_id is None:
        raise UsageError("a collector wants to know who reports: give --tester-id UUID")
    refuse_excess(job)
    return FixedJob(job), job


def _outlet(
    settings: argparse.Namespace, job: Job, *, environment: Mapping[str, str], log: Log
) -> "Outlet | None":
    """Return None for somebody who only looks: no job, no collector, no spool."""
    if settings.job is None and job.collector_url is None and settings.spool is None:
        return None
    from tester.commands.outlet import default_spool, open_outlet

    return open_outlet(
        settings,
        tester_id=job.tester_id,
        url=job.collector_url,
        insecure=job.insecure,
        directory=settings.spool or default_spool(job.tester_id, environment),
        heartbeat_every_s=settings.heartbeat_every,
        log=log,
    )


def _live(settings: argparse.Namespace, *, stdout: TextIO) -> "LiveTable | None":
    """Return what draws while a run goes on, for a person at a terminal alone."""
    if settings.job is not None or settings.output == "json":
        return None
    from tester.live import LiveTable, can_redraw

    return LiveTable(stdout) if can_redraw(stdout) else None


def _point(outlet: "Outlet | None", job: Job, *, log: Log) -> None:
    if outlet is not None:
        try:
            outlet.point(job.collector_url, insecure=job.insecure)
        except UsageError as error:
            raise JobError(str(error)) from None
    _name(log, job)


def _name(log: Log, job: Job) -> None:
    if isinstance(log, JsonLog):
        log.context = {"fleet": job.fleet, "tester": job.tester, "sweep_id": str(job.sweep_id)}


def _show(settings: argparse.Namespace, *, stdout: TextIO) -> Show:
    wanted = settings.output or ("table" if settings.job is None else None)

    def show(report: Report) -> None:
        try:
            if wanted == "json":
                stdout.write(report.to_bytes().decode() + "\n")
            elif wanted == "table":
                stdout.write(table_of(report))
            stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise TesterError(f"stdout cannot be written: {error.strerror}") from None

    return show
