"""What is to be done for one tester."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from orchestrator.decide.actions import (
    AbandonRun,
    Action,
    CreateHost,
    DrainHost,
    KeepHost,
    RemoveHost,
    ReplaceTester,
    StartTester,
    UpdateJob,
)
from orchestrator.decide.facts import KnownRun, Sweep
from orchestrator.decide.host import MAY_HOLD_REPORTS, Host, HostState
from orchestrator.decide.told import image_differs, is_told, settings_differ
from wire.identity import run_id_of

DELIVERY_GRACE = timedelta(minutes=6)
"""A run is overdue this long after it should have ended: testers deliver for five minutes."""

_BEST_FIRST = (
    HostState.RUNNING,
    HostState.FINISHED,
    HostState.STARTING,
    HostState.READY,
    HostState.DRAINING,
    HostState.FAILED,
    HostState.CREATING,
    HostState.PLANNED,
    HostState.REMOVING,
    HostState.REMOVED,
)
"""Of two hosts of one tester, the one whose state comes first stays."""


class Lane:
    """One tester with its hosts and its runs of the open sweep.

    `digest` is what it should be told, None where the fleet does not have it. `sweep` None: one is
    about to begin. `attempts` hosts are made for it before it is given up for this sweep.
    """

    def __init__(
        self,
        *,
        name: str,
        hosts: Iterable[Host],
        runs: Iterable[KnownRun],
        digest: str | None,
        repeat: int | None,
        sweep: Sweep | None,
        now: datetime,
        attempts: int,
    ) -> None:
        every = sorted(
            hosts, key=lambda host: (_BEST_FIRST.index(host.state), -host.since.timestamp(), host.name)
        )
        self._name = name
        self._hosts = [host for host in every if host.live]
        self._every = every
        self._attempts = attempts
        self._runs = {run.index: run for run in runs}
        self._digest = digest
        self._repeat = repeat
        self._sweep = sweep
        self._now = now
        self._tester_ids = [
            *(host.tester_id for host in every),
            *(run.tester_id for run in self._runs.values()),
        ]
        self._first_index = max((index + 1 for index in self._runs), default=0)

    def actions(self, *, measuring: bool, replace: bool, leaving: bool = False) -> Iterator[Action]:
        """Yield the actions in their order.

        `measuring` False: the sweep is finished. `leaving`: a host goes once its runs have ended.
        """
        if self._digest is None:
            for host in self._hosts:
                yield from removal(host, reason="its tester is not in the fleet")
            yield from self._abandoned(self._waiting(), reason="its tester is not in the fleet")
            return
        for host in self._hosts[1:]:
            yield from removal(host, reason="its tester has another host")
        first = self._hosts[0] if self._hosts else None
        if first is None:
            if measuring and self._is_given_up() and not replace:
                yield from self._abandoned(self._missing(), reason=self._why_given_up())
            elif measuring:
                yield from self._new_host(reason="has no host", lost="its host is gone")
        elif first.state is HostState.REMOVING:
            yield from removal(first, reason="still there")
            if measuring:
                yield from self._new_host(reason="has no host", lost="its host is gone")
        elif not measuring:
            yield from self._at_rest(first)
        elif leaving and not self._remains():
            yield from removal(first, reason="has made its runs")
        elif replace and first.state is not HostState.PLANNED:
            yield from removal(first, reason="to be replaced")
            yield from self._new_host(reason="replaces the one before", lost="its host was replaced")
        else:
            yield from self._with_host(first, self._digest)

    def given_up(self, reason: str) -> Iterator[AbandonRun]:
        """Yield an abandonment of every run that has not ended."""
        yield from self._abandoned(self._missing(), reason=reason)

    def _with_host(self, host: Host, digest: str) -> Iterator[Action]:
        match host.state:
            case HostState.PLANNED | HostState.CREATING:
                yield from self._half_made(host)
            case HostState.FAILED:
                yield from self._failed(host)
            case HostState.READY:
                yield from self._ready(host)
            case HostState.DRAINING:
                yield self._drain(host, reason="its draining was cut off")
                yield from self._ready(host)
            case HostState.STARTING:
                yield from self._abandoned(self._overdue(), reason="silent past its deadline")
                yield self._start(reason="its start was cut off", host=host)
            case _:
                yield from self._with_tester(host, digest)

    def _half_made(self, host: Host) -> Iterator[Action]:
        if not self._to_be_made():
            yield from self._at_rest(host)
            yield from self._abandoned(self._missing(), reason="its host is gone")
        elif host.state is HostState.PLANNED:
            yield from self._abandoned(self._waiting(), reason="its host is gone")
            yield CreateHost(
                tester_name=self._name,
                reason="was about to be made",
                host_name=host.name,
                attempt=host.attempts,
            )
            yield self._start(reason="new host")
        else:
            yield RemoveHost(host_name=host.name, reason="half made")
            yield from self._new_host(
                reason="the one before was half made", lost="its host is gone", attempt=host.attempts
            )

    def _failed(self, host: Host) -> Iterator[Action]:
        attempts = host.attempts if self._is_of_this_sweep(host) else 0
        if not self._remains():
            yield from self._at_rest(host)
        elif attempts < self._attempts:
            yield from removal(host, reason="failed")
            reason = f"the one before failed, attempt {attempts + 1} of {self._attempts}"
            yield from self._new_host(reason=reason, lost="its host failed", attempt=attempts + 1)
        else:
            # What failed is of no use to anybody, and may cost money.
            yield from removal(host, reason="failed, and was the last attempt")
            yield from self._abandoned(self._missing(), reason=self._why_given_up())

    def _ready(self, host: Host) -> Iterator[Action]:
        """Decide for a host without a tester, from which every report has been fetched."""
        lost = "its tester was stopped before it was made"
        if self._to_be_made():
            yield from self._abandoned(self._waiting(), reason=lost)
            yield self._start(reason="its host is ready", host=host)
        elif self._remains():
            yield from self._abandoned(self._missing(), reason=lost)
        elif host.state is HostState.READY:
            yield self._keep(host, reason="has made its runs")

    def _with_tester(self, host: Host, digest: str) -> Iterator[Action]:
        """Decide for a host that is RUNNING or FINISHED."""
        told = host.job_digest or ""
        running = host.state is HostState.RUNNING
        if self._sweep is None or host.sweep_id != self._sweep.sweep_id:
            yield from self._abandoned(self._overdue(), reason="silent past its deadline")
            yield self._replaced(host, reason="a new sweep")
        elif settings_differ(told, digest) and (running or self._to_be_made()):
            yield from self._abandoned(self._overdue(), reason="silent past its deadline")
            yield self._replaced(host, reason="its settings changed")
        elif not self._remains():
            yield self._keep(host, reason="has made its runs")
        elif not running:
            yield from self._with_ended_tester(host)
        elif image_differs(told, digest) and self._to_be_made() and not self._waiting():
            # Between two runs: the one that is under way when its image changes is made to its end.
            yield self._replaced(host, reason="its image changed")
        else:
            yield from self._abandoned(self._overdue(), reason="silent past its deadline")
            if is_told(told, digest):
                yield self._keep(host, reason="runs as the fleet says")
            else:
                yield UpdateJob(host_name=host.name, tester_name=self._name, reason="its servers changed")

    def _with_ended_tester(self, host: Host) -> Iterator[Action]:
        """Decide for a tester that says it has made its runs, of which some have not arrived."""
        if self._repeat is None:
            yield from self._abandoned(self._overdue(), reason="silent past its deadline")
            yield self._start(reason="its tester ended, and its runs have no end", host=host)
            return
        missing = self._missing()
        yield self._drain(host, reason=f"{len(missing)} of {self._repeat} runs have not arrived")
        # Those that draining brings have ended by then, and stay as they are.
        yield from self._abandoned(missing, reason="its tester ended without it")

    def _at_rest(self, host: Host) -> Iterator[Action]:
        """Decide where nothing remains to be measured."""
        if host.state in (HostState.PLANNED, HostState.CREATING):
            yield RemoveHost(host_name=host.name, reason="half made, and nothing remains to be measured")
        elif host.state is HostState.DRAINING:
            yield self._drain(host, reason="its draining was cut off")

    def _new_host(self, *, reason: str, lost: str, attempt: int = 1) -> Iterator[Action]:
        """Yield a new host where runs are to be made; what the one before has not handed over is lost."""
        if not self._to_be_made():
            yield from self._abandoned(self._missing(), reason=lost)
            return
        yield from self._abandoned(self._waiting(), reason=lost)
        yield CreateHost(tester_name=self._name, reason=reason, attempt=attempt)
        yield self._start(reason="new host")

    def _start(self, *, reason: str, host: Host | None = None) -> StartTester:
        return StartTester(
            tester_name=self._name,
            reason=reason,
            host_name=None if host is None else host.name,
            first_index=self._first_index,
        )

    def _replaced(self, host: Host, *, reason: str) -> ReplaceTester:
        return ReplaceTester(
            host_name=host.name, tester_name=self._name, reason=reason, first_index=self._first_index
        )

    def _keep(self, host: Host, *, reason: str) -> KeepHost:
        return KeepHost(host_name=host.name, tester_name=self._name, reason=reason)

    def _drain(self, host: Host, *, reason: str) -> DrainHost:
        return DrainHost(host_name=host.name, tester_name=self._name, reason=reason)

    def _abandoned(self, runs: Iterable[tuple[int, UUID]], *, reason: str) -> Iterator[AbandonRun]:
        if self._sweep is None:
            return
        for index, tester_id in runs:
            yield AbandonRun(
                run_id=run_id_of(sweep_id=self._sweep.sweep_id, tester_id=tester_id, index=index),
                tester_name=self._name,
                tester_id=tester_id,
                sweep_id=self._sweep.sweep_id,
                index=index,
                of=self._repeat,
                reason=reason,
            )

    def _waiting(self) -> list[tuple[int, UUID]]:
        """Return the runs that were announced and have not ended."""
        return [(index, run.tester_id) for index, run in sorted(self._runs.items()) if not run.ended]

    def _overdue(self) -> list[tuple[int, UUID]]:
        return [
            (index, run.tester_id)
            for index, run in sorted(self._runs.items())
            if not run.ended
            and run.announced_at is not None
            and run.announced_at + timedelta(seconds=run.expected_s) + DELIVERY_GRACE < self._now
        ]

    def _missing(self) -> list[tuple[int, UUID]]:
        """Return the runs that have not ended, announced or not."""
        if self._repeat is None:
            return self._waiting()
        unknown = [
            (index, self._tester_ids[0])
            for index in range(self._repeat)
            if self._tester_ids and index not in self._runs
        ]
        return sorted(self._waiting() + unknown, key=lambda run: run[0])

    def _remains(self) -> bool:
        """Return whether runs are still to be made or waited for."""
        if self._repeat is None:
            return True
        ended = sum(run.ended for index, run in self._runs.items() if index < self._repeat)
        return ended < self._repeat

    def _to_be_made(self) -> bool:
        """Return whether there are runs that no tester has begun."""
        return self._repeat is None or self._first_index < self._repeat

    def _is_given_up(self) -> bool:
        """Return whether a host has failed that was the last that it gets in this sweep."""
        return any(
            host.failed and host.attempts >= self._attempts and self._is_of_this_sweep(host)
            for host in self._every
        )

    def _why_given_up(self) -> str:
        return f"its host failed, attempt {self._attempts} of {self._attempts}"

    def _is_of_this_sweep(self, host: Host) -> bool:
        if self._sweep is None:
            return False
        if host.sweep_id is None:
            # A host that failed before its tester was started was never told of a sweep.
            return host.since >= self._sweep.started_at
        return host.sweep_id == self._sweep.sweep_id


def removal(host: Host, *, reason: str) -> Iterator[Action]:
    """Yield what removes a host: what its tester has measured is saved first."""
    never_told = host.state is HostState.FAILED and host.job_digest is None
    if host.state in MAY_HOLD_REPORTS and not never_told:
        yield DrainHost(host_name=host.name, tester_name=host.tester, reason=reason)
    still = host.state is HostState.REMOVING
    yield RemoveHost(host_name=host.name, reason="still there" if still else reason)
