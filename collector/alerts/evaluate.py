"""Rules are held against each occasion once, and what is told waits for its receivers."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import sqlalchemy as sa

from collector.alerts.departed import departed
from collector.alerts.machine import Decided, State, StateKey, Told, decide
from collector.alerts.message import Message, message_of
from collector.alerts.observed import At, fleet_name, observations
from collector.alerts.rules import Finding, Rule, Rules
from collector.history.turns import take_turn
from collector.session import reading, writing
from collector.tables import UtcTime, alert_deliveries, alert_occasions, alert_states
from collector.upsert import insert_into
from collector.verdicts.verdict import Scope

LOCK = 0x616C7274
"""Held on Postgres while an occasion is evaluated: they come in their order, one at a time."""

LOOK_BACK = timedelta(days=1)
"""What was noted longer ago is no news any more: nobody is told."""

OCCASIONS_AT_A_TIME = 100
ROWS_AT_A_TIME = 1_000


def evaluate_due(
    engine: sa.Engine,
    rules: Rules,
    *,
    now: datetime,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Hold the rules against what was noted; return how many occasions were evaluated here.

    Claim, states and messages are one transaction: whoever is killed in the middle has done
    nothing, and of several collectors one does it.
    """
    with reading(engine) as connection:
        due = due_occasions(connection, now=now)
    done = 0
    for occasion in due:
        if stopping():
            break
        with writing(engine) as connection:
            if not take_turn(connection, lock=LOCK):
                # Another collector is at it; to go on with a later one would turn their order round.
                break
            done += _evaluate(connection, rules, occasion, now=now)
    return done


def due_occasions(connection: sa.Connection, *, now: datetime) -> list[At]:
    """Return what nobody has evaluated, the oldest first."""
    rows = connection.execute(
        sa.select(alert_occasions)
        .where(
            alert_occasions.c.evaluated_at.is_(None),
            alert_occasions.c.noted_at >= sa.literal(now - LOOK_BACK, UtcTime),
        )
        .order_by(alert_occasions.c.at, alert_occasions.c.id)
        .limit(OCCASIONS_AT_A_TIME)
    )
    return [
        At(
            id=row.id,
            kind=row.kind,
            fleet_number=row.fleet_id,
            sweep_id=row.sweep_id,
            round_number=row.round,
            at=row.at,
        )
        for row in rows
    ]


def messages_of(
    told: Mapping[str, list[Told]], rules: Iterable[Rule], occasion: At, *, fleet: str
) -> list[tuple[Rule, str, Message]]:
    """Return what is told of an occasion: a rule, a receiver, and the message."""
    found = []
    for rule in rules:
        for receiver in rule.to if rule.name in told else ():
            message = message_of(
                told[rule.name],
                key=key_of(occasion.id, rule=rule.name, receiver=receiver),
                rule=rule.name,
                fleet=fleet,
                at=occasion.at,
                sweep_id=occasion.sweep_id,
                round_number=occasion.round_number,
            )
            found.append((rule, receiver, message))
    return found


def key_of(occasion: UUID, *, rule: str, receiver: str) -> UUID:
    """Return the key of a message: the same, however often and by whom it is made."""
    return uuid5(occasion, f"{rule}:{receiver}")


def _evaluate(connection: sa.Connection, rules: Rules, occasion: At, *, now: datetime) -> bool:
    claimed = connection.execute(
        sa.update(alert_occasions)
        .where(alert_occasions.c.id == occasion.id, alert_occasions.c.evaluated_at.is_(None))
        .values(evaluated_at=now)
    )
    if not claimed.rowcount:
        return False
    fleet = fleet_name(connection, occasion.fleet_number)
    mine = [rule for rule in rules.rules if rule.looks_at(fleet)]
    if not mine:
        return True
    states = stored_states(connection, occasion.fleet_number, [rule.name for rule in mine])
    decided = decide(
        mine,
        fleet=fleet,
        at=occasion.at,
        observations=observations(connection, occasion),
        states=states,
        departed=departed(connection, occasion.fleet_number, states),
    )
    _keep(connection, occasion.fleet_number, decided, states)
    for rule, receiver, message in messages_of(decided.told, mine, occasion, fleet=fleet):
        connection.execute(
            insert_into(connection, alert_deliveries)
            .values(
                idempotency_key=UUID(message["id"]),
                fleet_id=occasion.fleet_number,
                rule=rule.name,
                receiver=receiver,
                message=message,
                created_at=now,
                state="waiting",
                attempts=0,
                next_at=now,
            )
            .on_conflict_do_nothing(index_elements=["idempotency_key"])
        )
    return True


def stored_states(
    connection: sa.Connection, fleet_number: int, rules: Iterable[str]
) -> dict[StateKey, State]:
    """Return what rules know of a fleet."""
    rows = connection.execute(
        sa.select(alert_states).where(
            alert_states.c.fleet_id == fleet_number, alert_states.c.rule.in_(list(rules))
        )
    )
    return {
        StateKey(rule=row.rule, finding=Finding(row.finding), scope=row.scope, key=row.key): State(
            at=row.at, history=row.history, open=row.open, since=row.since, sentence=row.sentence
        )
        for row in rows
    }


def _keep(
    connection: sa.Connection, fleet_number: int, decided: Decided, before: Mapping[StateKey, State]
) -> None:
    statement = insert_into(connection, alert_states)
    changing = ("at", "history", "open", "since", "sentence")
    statement = statement.on_conflict_do_update(
        index_elements=list(alert_states.primary_key),
        set_={name: statement.excluded[name] for name in changing},
    )
    rows = [
        {
            "fleet_id": fleet_number,
            "rule": key.rule,
            "finding": key.finding.value,
            "scope": key.scope,
            "key": key.key,
            "at": state.at,
            "history": state.history,
            "open": state.open,
            "since": state.since,
            "sentence": state.sentence,
        }
        for key, state in decided.states.items()
        # There may be a great many paths, and nothing is to be known of one that was never bad.
        if key in before or key.scope != Scope.PATH or set(state.history) != {"G"}
    ]
    for start in range(0, len(rows), ROWS_AT_A_TIME):
        connection.execute(statement, rows[start : start + ROWS_AT_A_TIME])
