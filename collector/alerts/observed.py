"""What an occasion says of each thing, read from the tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collector.alerts.machine import Observation, Seen
from collector.alerts.rules import VERDICTS, Finding
from collector.history.queries import region_of
from collector.tables import RunState, fleets, runs, sweeps, testers, verdicts
from collector.verdicts.occasions import Occasion
from collector.verdicts.verdict import UNDECIDED, Word

TESTER = "tester"
SWEEP = "sweep"

GOOD_WORDS = (Word.OK, Word.RECOVERED)

OUTCOMES = {
    Finding.SWEEP_FAILED: {
        "failed": Seen.BAD,
        "interrupted": Seen.BAD,
        "partial": Seen.GOOD,
        "complete": Seen.GOOD,
    },
    Finding.SWEEP_PARTIAL: {
        "failed": Seen.UNSURE,
        "interrupted": Seen.UNSURE,
        "partial": Seen.BAD,
        "complete": Seen.GOOD,
    },
}
"""What the outcome of a sweep says; one that was skipped says nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class At:
    """An occasion: of which fleet, and when it was."""

    id: UUID
    kind: str
    fleet_number: int
    sweep_id: UUID
    round_number: int | None
    at: datetime


def fleet_name(connection: sa.Connection, number: int) -> str:
    """Return the name of a fleet; its number where it is gone."""
    name = connection.execute(sa.select(fleets.c.name).where(fleets.c.id == number)).scalar()
    return str(number) if name is None else str(name)


def observations(connection: sa.Connection, occasion: At) -> Iterator[Observation]:
    """Give what an occasion says; what it does not know it does not say."""
    if occasion.kind == Occasion.SWEEP:
        yield from _of_sweep(connection, occasion.sweep_id)
    elif occasion.round_number is not None:
        yield from _of_verdicts(connection, occasion.sweep_id, occasion.round_number)
        yield from _of_testers(connection, occasion)


def _of_verdicts(connection: sa.Connection, sweep_id: UUID, number: int) -> Iterator[Observation]:
    rows = connection.execute(
        sa.select(verdicts)
        .where(verdicts.c.sweep_id == sweep_id, verdicts.c.round == number)
        .order_by(verdicts.c.scope, verdicts.c.key)
    )
    for row in rows:
        if row.verdict in UNDECIDED:
            continue
        figures: dict[str, Any] = row.figures
        names = (row.label, *(figures.get(name) for name in ("region", "server", "tester")))
        for finding in VERDICTS:
            yield Observation(
                finding=finding,
                scope=row.scope,
                key=row.key,
                label=row.label,
                seen=_seen(finding, row),
                sentence=row.sentence,
                names=names,
            )


def _seen(finding: Finding, row: sa.Row[Any]) -> Seen:
    """Return what a verdict says of a finding: what is watched, or bad in another way, may still be this."""
    word = Word(row.verdict)
    if finding is Finding.SLOW:
        return Seen.BAD if row.slow else Seen.GOOD if word in GOOD_WORDS else Seen.UNSURE
    is_lost = word is Word.LOST
    if is_lost or (finding is Finding.LOSSY and row.lossy):
        return Seen.BAD
    # Loss was judged as well, and found to be none.
    return Seen.GOOD if word in GOOD_WORDS or (word is Word.SLOW and not row.lossy) else Seen.UNSURE


def _of_testers(connection: sa.Connection, occasion: At) -> Iterator[Observation]:
    query: sa.Select[Any] = (
        sa.select(
            testers.c.name, testers.c.location, testers.c.config, runs.c.state, runs.c.trusted, runs.c.reason
        )
        .select_from(runs.join(testers, testers.c.id == runs.c.tester_id))
        .where(
            runs.c.sweep_id == occasion.sweep_id,
            runs.c.index == occasion.round_number,
            testers.c.fleet_id == occasion.fleet_number,
        )
        .order_by(testers.c.name)
    )
    for row in connection.execute(query):
        region, label = _place(row)
        is_bad = row.state not in (RunState.COMPLETE, RunState.TRUNCATED) or row.trusted is False
        why = row.reason or ("it was not heard any more" if row.state == RunState.ANNOUNCED else row.state)
        yield Observation(
            finding=Finding.TESTER_BAD,
            scope=TESTER,
            key=row.name,
            label=label,
            seen=Seen.BAD if is_bad else Seen.GOOD,
            sentence=f"tester {label} BAD: {why}" if is_bad else f"tester {label} is fit to measure",
            names=(row.name, region),
        )


def _of_sweep(connection: sa.Connection, sweep_id: UUID) -> Iterator[Observation]:
    row = connection.execute(
        sa.select(sweeps.c.outcome, sweeps.c.note, sweeps.c.spec).where(sweeps.c.id == sweep_id)
    ).one_or_none()
    if row is None:
        return
    if row.outcome not in (None, "skipped"):
        yield from _of_silent_testers(connection, sweep_id, row.spec)
    for finding, outcomes in OUTCOMES.items():
        if row.outcome in outcomes:
            note = f": {row.note}" if row.note else ""
            yield Observation(
                finding=finding,
                scope=SWEEP,
                key="",
                label=f"sweep {sweep_id}",
                seen=outcomes[row.outcome],
                sentence=f"sweep {sweep_id} {row.outcome.upper()}{note}",
                names=(),
            )


def _of_silent_testers(connection: sa.Connection, sweep_id: UUID, spec: object) -> Iterator[Observation]:
    """Give the testers of a sweep that has ended of which no run was ever announced: no round knows them."""
    named = spec.get("testers") if isinstance(spec, dict) else None
    if not isinstance(named, list):
        return
    fleet = sa.select(sweeps.c.fleet_id).where(sweeps.c.id == sweep_id).scalar_subquery()
    heard = sa.select(runs.c.tester_id).where(runs.c.sweep_id == sweep_id)
    query: sa.Select[Any] = (
        sa.select(testers.c.name, testers.c.location, testers.c.config)
        .where(testers.c.fleet_id == fleet, testers.c.name.in_([str(name) for name in named]))
        .where(testers.c.id.not_in(heard))
        .order_by(testers.c.name)
    )
    for row in connection.execute(query):
        region, label = _place(row)
        yield Observation(
            finding=Finding.TESTER_BAD,
            scope=TESTER,
            key=row.name,
            label=label,
            seen=Seen.BAD,
            sentence=f"tester {label} BAD: it announced no run",
            names=(row.name, region),
        )


def _place(row: sa.Row[Any]) -> tuple[str, str]:
    """Return a tester's region, and what it is called."""
    region = region_of(row)
    return region, row.name if region == row.name else f"{row.name} ({region})"


def last_occasions(connection: sa.Connection, *, fleet_number: int, sweeps_count: int) -> Sequence[At]:
    """Return rounds and ends of the last sweeps of a fleet, the oldest first."""
    newest = sa.func.max(verdicts.c.at).label("at")
    judged = (
        sa.select(verdicts.c.sweep_id, newest)
        .where(verdicts.c.fleet_id == fleet_number, verdicts.c.scope == "fleet")
        .group_by(verdicts.c.sweep_id)
    )
    ended = sa.select(sweeps.c.id, sweeps.c.finished_at).where(
        sweeps.c.fleet_id == fleet_number, sweeps.c.finished_at.is_not(None)
    )
    ends = {
        row.id: row.finished_at
        for row in connection.execute(ended.order_by(sweeps.c.finished_at.desc()).limit(sweeps_count))
    }
    heard = {
        row.sweep_id: row.at for row in connection.execute(judged.order_by(newest.desc()).limit(sweeps_count))
    }
    last = sorted({*ends, *heard}, key=lambda one: max(filter(None, (ends.get(one), heard.get(one)))))
    chosen = last[-sweeps_count:]
    rounds = connection.execute(
        sa.select(verdicts.c.sweep_id, verdicts.c.round, verdicts.c.at, verdicts.c.id).where(
            verdicts.c.fleet_id == fleet_number,
            verdicts.c.scope == "fleet",
            verdicts.c.sweep_id.in_(chosen),
        )
    )
    found = [
        At(
            id=row.id,
            kind=Occasion.ROUND,
            fleet_number=fleet_number,
            sweep_id=row.sweep_id,
            round_number=row.round,
            at=row.at,
        )
        for row in rounds
    ]
    found += [
        At(
            id=one,
            kind=Occasion.SWEEP,
            fleet_number=fleet_number,
            sweep_id=one,
            round_number=None,
            at=ends[one],
        )
        for one in chosen
        if one in ends
    ]
    return sorted(found, key=lambda one: (one.at, one.kind, str(one.id)))
