"""What is so: the collector's runs, and testers that have ended behind the journal's back."""

import json
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.act.hosts import HostWork
from orchestrator.act.ports import Ports
from orchestrator.act.pulses import Pulses
from orchestrator.decide.facts import KnownRun, RunState
from orchestrator.decide.host import Host, HostState
from orchestrator.errors import OrchestratorError
from orchestrator.events import Note, TesterFailed, printable
from orchestrator.fleet.drivers import LOCAL
from orchestrator.places.place import Life

LONGEST_WORDS = 300

LOOK_EVERY_S = 5.0
"""Time between two looks at testers on other machines; those on this one are looked at always."""


def known_runs(rows: Iterable[dict[str, Any]]) -> list[KnownRun]:
    """Return the collector's runs as plan wants them."""
    return [
        KnownRun(
            run_id=UUID(row["run_id"]),
            tester=row["tester"],
            tester_id=UUID(row["tester_id"]),
            sweep_id=UUID(row["sweep_id"]),
            index=row["index"],
            of=row["of"],
            state=RunState(row["state"]),
            announced_at=_time(row.get("announced_at")),
            expected_s=float(row.get("expected_s") or 0.0),
        )
        for row in rows
    ]


class Lookout:
    """Journals every tester that is gone: with all its runs made, or failed.

    A host that does not answer is not gone: the network may be to blame. It has failed once neither it
    nor a heartbeat of its tester was heard for `Patience.vanished_after_s`.
    """

    def __init__(self, *, repeat: int | None, work: HostWork, ports: Ports, pulses: Pulses) -> None:
        self._repeat = repeat
        self._work = work
        self._ports = ports
        self._pulses = pulses
        self._looked_at = -LOOK_EVERY_S
        self._silent_since: dict[str, float] = {}

    @property
    def unanswered(self) -> Mapping[str, float]:
        """Since when a host has not answered, by our own clock, by its name."""
        return self._silent_since

    def look(self, *, busy: Collection[str] = (), at_all: bool = False) -> None:
        """Look at the testers that the journal has RUNNING, but for those that are worked on.

        `at_all`: also at those on other machines, whenever the last look was.
        """
        now = time.monotonic()
        is_time = at_all or now - self._looked_at >= LOOK_EVERY_S
        if is_time:
            self._looked_at = now
        running = [
            host
            for host in self._ports.journal.hosts()
            if host.state is HostState.RUNNING
            and host.tester not in busy
            and (is_time or host.driver == LOCAL)
        ]
        lives = self._ports.place.lives([host.name for host in running]) if running else {}
        for host in running:
            match lives[host.name]:
                case Life.RUNS:
                    self._silent_since.pop(host.name, None)
                case Life.UNKNOWN:
                    self._silent(host, now=now)
                case Life.ENDED:
                    self._silent_since.pop(host.name, None)
                    self._ended(host)

    def _silent(self, host: Host, *, now: float) -> None:
        patience_s = self._ports.patience.vanished_after_s
        if host.name not in self._silent_since:
            self._silent_since[host.name] = now
            text = f"{host.tester}: the engine of {host.name} does not answer; it has {patience_s:g} s"
            self._ports.emit(Note(time=self._ports.clock(), level="warning", text=text))
        elif self._pulses.heard_since(host.tester, self._silent_since[host.name]):
            # It is out of our reach, not of the collector's: to make another would measure twice.
            self._silent_since[host.name] = now
        elif now - self._silent_since[host.name] >= patience_s:
            del self._silent_since[host.name]
            self._fail(host, f"its engine has not answered for {patience_s:g} s")

    def _ended(self, host: Host) -> None:
        place = self._ports.place
        made = 0
        try:
            if host.sweep_id is not None:
                made = place.runs_made(host.name, sweep_id=host.sweep_id, tester_id=host.tester_id)
            if self._repeat is not None and made >= self._repeat:
                self._work.finish(host.name)
                return
            said = spoken(place.last_words(host.name))
        except OrchestratorError:
            # It answered a moment ago; the next look will tell.
            return
        self._fail(host, f"its tester ended: {said}" if said else "its tester was killed")

    def _fail(self, host: Host, reason: str) -> None:
        self._pulses.gone(host, cause=reason)
        self._work.fail(host.name, reason=reason)
        self._ports.emit(
            TesterFailed(
                time=self._ports.clock(),
                tester=host.tester,
                what=f"{host.name} has failed",
                cause=reason,
                next_step=f"orchestrate logs {host.tester}",
                code="host-failed",
            )
        )


def spoken(line: str) -> str:
    """Return a line of a tester's log as a sentence: these are JSON, tracebacks are not."""
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    text = line
    if isinstance(event, dict):
        text = next(
            (str(event[key]) for key in ("message", "text", "error", "event") if event.get(key)), line
        )
    return printable(text)[:LONGEST_WORDS]


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
