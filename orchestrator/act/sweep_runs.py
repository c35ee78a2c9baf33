"""The runs of one sweep, as the collector knows them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from orchestrator.act.observe import known_runs
from orchestrator.act.ports import Ports
from orchestrator.decide.actions import AbandonRun
from orchestrator.decide.facts import KnownRun, Sweep
from orchestrator.events import RunMoved
from orchestrator.fleet.model import Fleet
from wire.identity import run_id_of

MOST_ABANDONED = 1_000
"""Runs of one tester that are abandoned one by one when time is over."""


@dataclass(kw_only=True, slots=True)
class SweepRuns:
    """Reads the runs of a sweep, tells what has become of them, and knows which are still to come."""

    fleet: Fleet
    sweep: Sweep
    ports: Ports
    rows: list[dict[str, Any]] = field(default_factory=list)
    _seen: dict[str, str] | None = None

    @property
    def known(self) -> list[KnownRun]:
        """The runs of the last reading."""
        return known_runs(self.rows)

    def read(self) -> None:
        """Read them, and say which have moved since the last time; raise `CollectorError`."""
        self.rows = list(self.ports.client.runs(sweep_id=self.sweep.sweep_id))
        if self._seen is None:
            # What had happened before we came is no news.
            self._seen = {row["run_id"]: row["state"] for row in self.rows}
        for row in self.rows:
            if self._seen.get(row["run_id"]) == row["state"]:
                continue
            self._seen[row["run_id"]] = row["state"]
            self.ports.emit(
                RunMoved(
                    time=self.ports.clock(),
                    tester=row["tester"],
                    run_id=row["run_id"],
                    index=row["index"],
                    of=row["of"],
                    state=row["state"],
                    reason=row.get("reason") or "",
                )
            )

    def have_ended(self, *, testers: Collection[str] | None) -> bool:
        """Return whether each run of some testers, None: of all, has ended."""
        repeat = self.fleet.run.repeat
        if repeat is None:
            return False
        ended = dict.fromkeys((tester.name for tester in self.fleet.testers), 0)
        for run in self.known:
            if run.ended and run.index < repeat and run.tester in ended:
                ended[run.tester] += 1
        return all(count >= repeat for name, count in ended.items() if testers is None or name in testers)

    def abandonments(self, *, reason: str, testers: Collection[str] | None) -> list[AbandonRun]:
        """Return an abandonment for each run of some testers, None: of all, that has not ended."""
        known = {(run.tester, run.index): run for run in self.known}
        repeat = self.fleet.run.repeat
        found: list[AbandonRun] = []
        for tester in self.fleet.testers:
            if testers is not None and tester.name not in testers:
                continue
            tester_id = self.ports.tester_ids[tester.name]
            announced = [index for name, index in known if name == tester.name]
            upto = max((index + 1 for index in announced), default=0) if repeat is None else repeat
            left = [
                index
                for index in range(upto)
                if (tester.name, index) not in known or not known[tester.name, index].ended
            ]
            found += [
                AbandonRun(
                    run_id=run_id_of(sweep_id=self.sweep.sweep_id, tester_id=tester_id, index=index),
                    tester_name=tester.name,
                    tester_id=tester_id,
                    sweep_id=self.sweep.sweep_id,
                    index=index,
                    of=repeat,
                    reason=reason,
                )
                for index in left[:MOST_ABANDONED]
            ]
        return found
