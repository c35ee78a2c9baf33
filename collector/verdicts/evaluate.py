"""Rounds that have ended are judged, each once, and their verdicts are kept."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa
import structlog

from collector.errors import Refused
from collector.session import reading, writing
from collector.tables import RunState, UtcTime, runs, sweeps, testers, verdict_states, verdicts
from collector.upsert import insert_into
from collector.verdicts.facts import gather
from collector.verdicts.judge import judged, seed_of
from collector.verdicts.occasions import note_round
from collector.verdicts.thresholds import Thresholds
from collector.verdicts.verdict import UNDECIDED, Scope, Verdict, Word

LOCK = 0x76657264
"""Held through the judging of a round on Postgres: one collector at a time does it."""

SETTLE = timedelta(minutes=2)
"""How long nothing of a round must have been heard, where its sweep has not ended."""

GIVE_UP = timedelta(hours=1)
"""After this long, runs that have not ended keep a round no longer."""

LOOK_BACK = timedelta(days=1)
"""Rounds older than this that nobody judged stay without verdicts."""

ROUNDS_AT_A_TIME = 50
ROWS_AT_A_TIME = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class DueRound:
    """A round that has ended and has no verdicts."""

    fleet_number: int
    sweep_id: UUID
    number: int


class Judge:
    """Judges what is due; any number of collectors may have one."""

    def __init__(self, engine: sa.Engine, thresholds: Thresholds) -> None:
        self._engine = engine
        self._thresholds = thresholds

    def judge_due(
        self,
        now: datetime,
        *,
        sweep_id: UUID | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> int:
        """Judge the rounds that have ended, of all sweeps or of one; return how many were judged here."""
        with reading(self._engine) as connection:
            due = due_rounds(connection, now=now, sweep_id=sweep_id)
        done = 0
        for one in due:
            if stopping():
                break
            try:
                done += self._judge(one, now)
            except Refused as error:
                # Too much has no rollup yet; a later round of the housekeeping finds less.
                structlog.get_logger("collector").warning(
                    "verdicts.skipped", sweep=str(one.sweep_id), round=one.number, reason=error.message
                )
        return done

    def _judge(self, one: DueRound, now: datetime) -> bool:
        if self._engine.dialect.name == "postgresql":
            with writing(self._engine) as connection:
                if not connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(LOCK))).scalar():
                    return False
                if _is_judged(connection, one):
                    return False
                return self._store(connection, one, self._found(connection, one), now)
        # SQLite has one writer at a time, which is not kept waiting while a round is read.
        with reading(self._engine) as connection:
            found = self._found(connection, one)
        with writing(self._engine) as connection:
            return not _is_judged(connection, one) and self._store(connection, one, found, now)

    def _found(self, connection: sa.Connection, one: DueRound) -> tuple[datetime, list[Verdict]] | None:
        gathered = gather(
            connection,
            fleet_number=one.fleet_number,
            sweep_id=one.sweep_id,
            round_number=one.number,
            thresholds=self._thresholds,
        )
        if gathered is None:
            return None
        known = connection.execute(
            sa.select(verdict_states).where(verdict_states.c.fleet_id == one.fleet_number)
        )
        before = {(Scope(row.scope), row.key): Word(row.decided) for row in known if row.decided is not None}
        seed = seed_of(one.sweep_id, one.number)
        return gathered.at, judged(gathered.fleet, thresholds=self._thresholds, seed=seed, before=before)

    def _store(
        self,
        connection: sa.Connection,
        one: DueRound,
        found: tuple[datetime, list[Verdict]] | None,
        now: datetime,
    ) -> bool:
        if found is None:
            return False
        at, made = found
        states = {
            (row.scope, row.key): row
            for row in connection.execute(
                sa.select(verdict_states).where(verdict_states.c.fleet_id == one.fleet_number)
            )
        }
        rows, changed = [], []
        for verdict in made:
            state = states.get((verdict.scope.value, verdict.key))
            same = state is not None and state.verdict == verdict.word
            since = state.since if state is not None and same and state.since <= at else at
            rows.append(_row(verdict, one, at=at, since=since, version=self._thresholds.version))
            # A round that is judged late changes nothing of what is known of a later one.
            if state is None or state.at <= at:
                changed.append(
                    {
                        "fleet_id": one.fleet_number,
                        "scope": verdict.scope.value,
                        "key": verdict.key,
                        "at": at,
                        "since": since,
                        "verdict": verdict.word.value,
                        "decided": _decided(verdict.word, None if state is None else state.decided),
                    }
                )
        for start in range(0, len(rows), ROWS_AT_A_TIME):
            connection.execute(sa.insert(verdicts), rows[start : start + ROWS_AT_A_TIME])
        _replace_states(connection, changed)
        note_round(
            connection,
            fleet_number=one.fleet_number,
            sweep_id=one.sweep_id,
            round_number=one.number,
            at=at,
            now=now,
        )
        return True


def due_rounds(connection: sa.Connection, *, now: datetime, sweep_id: UUID | None = None) -> list[DueRound]:
    """Return rounds that have ended and have no verdicts, the oldest first.

    A round has ended when each of its runs has, and its sweep has or nothing more was heard of the
    round for a while: a tester that is late is waited for, one that is silent is not.
    """
    silent = sa.func.max(sa.func.coalesce(runs.c.reported_at, runs.c.announced_at))
    open_runs = sa.func.sum(sa.case((runs.c.state == RunState.ANNOUNCED, 1), else_=0))
    judged_already = (
        sa.select(sa.literal(1))
        .where(
            verdicts.c.sweep_id == runs.c.sweep_id,
            verdicts.c.round == runs.c.index,
            verdicts.c.scope == Scope.FLEET.value,
            verdicts.c.key == "",
        )
        .exists()
    )
    finished = sa.func.max(sweeps.c.finished_at)
    query = (
        sa.select(testers.c.fleet_id, runs.c.sweep_id, runs.c.index.label("round"))
        .select_from(
            runs.join(testers, testers.c.id == runs.c.tester_id).outerjoin(
                sweeps, sweeps.c.id == runs.c.sweep_id
            )
        )
        .where(~judged_already, runs.c.announced_at >= sa.literal(now - LOOK_BACK, UtcTime))
        .group_by(testers.c.fleet_id, runs.c.sweep_id, runs.c.index)
        .having(
            sa.func.count(runs.c.started_at) > 0,
            sa.or_(
                sa.and_(
                    open_runs == 0,
                    sa.or_(finished.is_not(None), silent <= sa.literal(now - SETTLE, UtcTime)),
                ),
                silent <= sa.literal(now - GIVE_UP, UtcTime),
            ),
        )
        .order_by(sa.func.min(runs.c.started_at), runs.c.sweep_id, runs.c.index)
        .limit(ROUNDS_AT_A_TIME)
    )
    if sweep_id is not None:
        query = query.where(runs.c.sweep_id == sweep_id)
    return [
        DueRound(fleet_number=row.fleet_id, sweep_id=row.sweep_id, number=row.round)
        for row in connection.execute(query)
    ]


def _is_judged(connection: sa.Connection, one: DueRound) -> bool:
    wanted = (verdicts.c.sweep_id == one.sweep_id, verdicts.c.round == one.number)
    return connection.execute(sa.select(verdicts.c.id).where(*wanted).limit(1)).first() is not None


def _decided(word: Word, before: str | None) -> str | None:
    """Return the last word that decided something: what is watched is on its way to one."""
    return before if word in UNDECIDED or word is Word.WATCH else word.value


def _row(verdict: Verdict, one: DueRound, *, at: datetime, since: datetime, version: str) -> dict[str, Any]:
    return {
        "sweep_id": one.sweep_id,
        "round": one.number,
        "scope": verdict.scope.value,
        "key": verdict.key,
        "id": uuid5(one.sweep_id, f"{one.number}:{verdict.scope}:{verdict.key}"),
        "fleet_id": one.fleet_number,
        "at": at,
        "since": since,
        "label": verdict.label,
        "verdict": verdict.word.value,
        "slow": verdict.slow,
        "lossy": verdict.lossy,
        "structural": verdict.structural,
        "sentence": verdict.sentence,
        "figures": asdict(verdict.figures) | {"missing": list(verdict.missing)},
        "settings_version": version,
    }


def _replace_states(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    statement = insert_into(connection, verdict_states)
    replaced = {name: statement.excluded[name] for name in ("at", "since", "verdict", "decided")}
    key = [verdict_states.c.fleet_id, verdict_states.c.scope, verdict_states.c.key]
    statement = statement.on_conflict_do_update(index_elements=key, set_=replaced)
    for start in range(0, len(rows), ROWS_AT_A_TIME):
        connection.execute(statement, list(rows[start : start + ROWS_AT_A_TIME]))
