"""Feels the pulse of every tester that should be measuring, and tells when it changes."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.act.ports import Ports
from orchestrator.decide.delivery import is_fetched
from orchestrator.decide.facts import RunState
from orchestrator.decide.host import Host, HostState
from orchestrator.decide.pulse import WELL, Finding, OpenRun, Pulse, Signs, finding_of
from orchestrator.events import TesterPulse
from orchestrator.fleet.model import Fleet

ASK_EVERY_S = 10.0
"""Time between two questions for heartbeats; testers send one every 30 s."""

ASKED_WHILE_SILENT = 5
"""Silence is not told before it was asked so many times whether it is one."""


@dataclass(kw_only=True, slots=True)
class _Heard:
    """The newest sign of life of a tester as the collector has it.

    `since` is when we began to wait for the next one; `seen_at` when this one was seen to come, None where
    it was there before we looked.
    """

    at: str | None
    since: float
    seen_at: float | None = None


@dataclass(kw_only=True, slots=True)
class Pulses:
    """What is heard of testers, by their names, and what was found.

    Silence and open runs are measured by our own clock, from when we saw the last sign of life or first
    saw the run: no two clocks have to agree. Silence counts only while the collector answers.
    """

    fleet: Fleet
    ports: Ports
    clock: Callable[[], float] = time.monotonic
    found: dict[str, Finding] = field(default_factory=dict)
    _heard: dict[str, _Heard] = field(default_factory=dict)
    _hosts: dict[str, str] = field(default_factory=dict)
    _begun: dict[str, float] = field(default_factory=dict)
    _asked_at: float | None = None

    def ask(self) -> None:
        """Ask for the newest heartbeats, if it is time; raise `CollectorError`."""
        now = self.clock()
        every_s = min(ASK_EVERY_S, self.ports.patience.silent_after_s / ASKED_WHILE_SILENT)
        if self._asked_at is not None and now - self._asked_at < every_s:
            return
        rows = self.ports.client.testers(fleet=self.ports.fleet_id)
        self._asked_at = now
        for row in rows:
            heard = self._heard.get(row["name"])
            if heard is None or heard.at != row["last_seen_at"]:
                seen_at = None if heard is None else now
                self._heard[row["name"]] = _Heard(at=row["last_seen_at"], since=now, seen_at=seen_at)

    def collector_was_away(self) -> None:
        """Begin to listen anew: nobody could be heard meanwhile, which is no tester's fault."""
        self._asked_at = None
        for heard in self._heard.values():
            heard.since = self.clock()

    def heard_since(self, tester: str, moment: float) -> bool:
        """Return whether a sign of life of a tester was seen after a moment of our clock."""
        heard = self._heard.get(tester)
        return heard is not None and heard.seen_at is not None and heard.seen_at > moment

    def feel(
        self, hosts: Iterable[Host], *, rows: Iterable[Mapping[str, Any]], unanswered: Mapping[str, float]
    ) -> None:
        """Find how the testers on some hosts are, and tell what is new.

        `rows` are the sweep's runs; `unanswered` has the moment since which a host has not answered.
        """
        patience = self.ports.patience
        runs = self._open_runs(rows)
        running = {host.tester: host for host in hosts if host.state is HostState.RUNNING}
        for tester in self.found.keys() - running.keys():
            # It has ended, or somebody works on its host, which is told elsewhere.
            del self.found[tester]
        for tester, host in running.items():
            signs = self._signs(host, run=runs.get(tester), unanswered=unanswered)
            self._tell(
                host,
                finding_of(signs, silent_after_s=patience.silent_after_s, late_after_s=patience.late_after_s),
            )

    def gone(self, host: Host, *, cause: str) -> None:
        """Tell that a tester is dead for a reason that was seen at its host."""
        if self.found.get(host.tester, WELL).pulse is not Pulse.DEAD:
            self._tell(host, Finding(pulse=Pulse.DEAD, cause=cause))

    def _open_runs(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, OpenRun]:
        """Return the oldest open run of each tester; time counts from when we first saw it."""
        now = self.clock()
        begun: dict[str, float] = {}
        found: dict[str, OpenRun] = {}
        for row in rows:
            if row["state"] != RunState.ANNOUNCED or row.get("expected_s") is None:
                continue
            begun[row["run_id"]] = self._begun.get(row["run_id"], now)
            if row["tester"] not in found or row["index"] < found[row["tester"]].index:
                found[row["tester"]] = OpenRun(
                    index=row["index"],
                    elapsed_s=now - begun[row["run_id"]],
                    expected_s=float(row["expected_s"]),
                )
        self._begun = begun
        return found

    def _signs(self, host: Host, *, run: OpenRun | None, unanswered: Mapping[str, float]) -> Signs:
        now = self.clock()
        if self._hosts.get(host.tester) != host.name:
            # A tester that was just started has said nothing yet; what the collector has is older.
            self._hosts[host.tester] = host.name
            known = self._heard.get(host.tester)
            self._heard[host.tester] = _Heard(at=known.at if known else None, since=now)
        heard = self._heard[host.tester]
        since = unanswered.get(host.name)
        return Signs(
            quiet_s=None if self._is_fetched(host) else now - heard.since,
            unanswered_s=None if since is None else now - since,
            run=run,
        )

    def _is_fetched(self, host: Host) -> bool:
        tester = self.fleet.tester(host.tester)
        url = self.ports.access.url
        return tester is not None and is_fetched(fleet=self.fleet, tester=tester, collector_url=url)

    def _tell(self, host: Host, finding: Finding) -> None:
        before = self.found.get(host.tester, WELL)
        self.found[host.tester] = finding
        if finding == before:
            return
        self.ports.emit(
            TesterPulse(
                time=self.ports.clock(),
                tester=host.tester,
                host=host.name,
                state=finding.pulse.value,
                cause=finding.cause,
            )
        )
