"""The runs of one sweep, as the collector knows them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from orchestrator.act.observe import known_runs
from orchestrator.act.ports import Ports
from orchestrator.collector_client import Event
from orchestrator.decide.actions import AbandonRun
from orchestrator.decide.facts import KnownRun, RunState, Sweep
from orchestrator.events import RunMoved
from orchestrator.fleet.model import Fleet
from wire.identity import run_id_of

MOST_ABANDONED = 1_000
"""Runs of one tester that are abandoned one by one when time is over."""

REPORTED = (RunState.COMPLETE, RunState.TRUNCATED)
_ADVANCE: Mapping[str, int] = {
    RunState.ANNOUNCED: 0,
    # A report that comes after all makes it one of the others.
    RunState.ABANDONED: 1,
    RunState.TRUNCATED: 2,
    RunState.COMPLETE: 2,
}
"""How far a run is: no state follows on one that is as far or farther."""


@dataclass(kw_only=True, slots=True)
class SweepRuns:
    """Reads the runs of a sweep, tells what has become of them, and knows which are still to come."""

    fleet: Fleet
    sweep: Sweep
    ports: Ports
    _rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    _told: dict[str, str] | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The runs as they were read, with what was told since."""
        return list(self._rows.values())

    @property
    def known(self) -> list[KnownRun]:
        """The runs of the last reading."""
        return known_runs(self.rows)

    def read(self) -> None:
        """Read them, and say which have moved since the last time; raise `CollectorError`."""
        rows = list(self.ports.client.runs(sweep_id=self.sweep.sweep_id))
        self._rows = {row["run_id"]: row for row in rows}
        if self._told is None:
            # What had happened before we came is no news.
            self._told = {row["run_id"]: row["state"] for row in rows}
        for row in rows:
            self._tell(row)

    def take(self, events: Iterable[Event]) -> bool:
        """Take what events tell, in their order; return whether they tell all that has to be known of a run.

        What is older than what is known changes nothing: a run that has ended is not announced again.
        """
        if self._told is None:
            # Until all were read once, what had happened before cannot be told from news.
            return False
        is_all = True
        for event in events:
            if not event.kind.startswith("run."):
                continue
            row = told_row(event.data)
            if row is None:
                is_all = False
                continue
            known = self._rows.get(row["run_id"])
            if known is not None and _ADVANCE[row["state"]] <= _ADVANCE[known["state"]]:
                continue
            merged = row if known is None else known | row
            # A collector of before says less.
            is_all = is_all and (row["state"] != RunState.ANNOUNCED or None not in _times_of(merged))
            self._rows[row["run_id"]] = merged
            self._tell(merged)
        return is_all

    def _tell(self, row: Mapping[str, Any]) -> None:
        """Say what has become of a run, unless that was said; never that it is less far than before."""
        told = self._told if self._told is not None else {}
        before = told.get(row["run_id"])
        if before is not None and _ADVANCE[row["state"]] <= _ADVANCE[before]:
            return
        told[row["run_id"]] = row["state"]
        self._told = told
        is_reported = row["state"] in REPORTED
        self.ports.emit(
            RunMoved(
                time=self.ports.clock(),
                tester=row["tester"],
                run_id=row["run_id"],
                index=row["index"],
                of=row["of"],
                state=row["state"],
                reason=row.get("reason") or "",
                planned=row.get("planned"),
                # A report is stored as a whole or not at all.
                sent=row.get("stored") if is_reported else 0,
                stored=row.get("stored") or 0,
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


def told_row(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a run as an event has it, None where the event is not one that we understand."""
    try:
        row = {
            "run_id": str(UUID(data["run_id"])),
            "tester_id": str(UUID(data["tester_id"])),
            "sweep_id": str(UUID(data["sweep_id"])),
            "tester": str(data["tester"]),
            "index": int(data["index"]),
            "of": None if data["of"] is None else int(data["of"]),
            "state": RunState(data["state"]).value,
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    others = ("planned", "stored", "reason", "trusted", "announced_at", "expected_s")
    return row | {name: data[name] for name in others if data.get(name) is not None}


def _times_of(row: Mapping[str, Any]) -> tuple[Any, Any]:
    return row.get("announced_at"), row.get("expected_s")
