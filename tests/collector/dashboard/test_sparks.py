"""The small lines of regions: what they are drawn of, on both engines."""

import re
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from collector.dashboard.sparks import MOST_ROUNDS, REACH, spark, sparks_of
from collector.session import engine_of, writing
from collector.tables import verdicts
from collector.verdicts.verdict import VerdictFigures
from tests.collector.alerts.a_newsroom import Newsroom
from tests.collector.reads.a_house import NOON


def changed(engine: sa.Engine, sweep_id: UUID, ratio: float | None) -> None:
    with writing(engine) as connection:
        connection.execute(
            sa.update(verdicts)
            .where(verdicts.c.sweep_id == sweep_id)
            .values(figures=asdict(VerdictFigures(change_ratio=ratio)))
        )


def heights(line: str) -> list[float]:
    return [float(y) for y in re.findall(r"[ML][\d.-]+ ([\d.-]+)", line)]


def test_a_line_has_the_rounds_of_28_days_that_have_a_change(database_url: str) -> None:
    engine = engine_of(database_url)
    room = Newsroom(engine=engine).begin()
    for at, ratio in (
        (NOON - REACH - timedelta(hours=1), 0.5),
        (NOON - timedelta(hours=3), 0.0),
        (NOON - timedelta(hours=2), None),
        (NOON - timedelta(hours=1), 0.3),
        (NOON + timedelta(hours=1), 0.9),
    ):
        changed(engine, room.round({"north": "ok", "south": "ok"}, at=at), ratio)

    with engine.connect() as connection:
        found = sparks_of(connection, fleet_number=room.fleet_number, until=NOON)
        other = sparks_of(connection, fleet_number=room.fleet_number + 1, until=NOON)
    engine.dispose()

    assert set(found) == {"north", "south"}
    # No change is in the middle; the greatest is at the top.
    assert heights(found["north"]) == [9.0, 1.0]
    assert other == {}


def test_of_very_many_rounds_some_are_drawn_of_each_schedule_and_the_newest(database_url: str) -> None:
    engine = engine_of(database_url)
    room = Newsroom(engine=engine).begin()
    rounds = 2 * MOST_ROUNDS + 20
    for number in range(rounds):
        # Two schedules that take turns.
        sweep_id = room.round({("north", "south")[number % 2]: "ok"})
        changed(engine, sweep_id, 0.1 if number < rounds - 1 else -0.2)

    with engine.connect() as connection:
        found = sparks_of(connection, fleet_number=room.fleet_number, until=room.now)
    engine.dispose()

    drawn = {region: heights(line) for region, line in found.items()}
    assert sum(map(len, drawn.values())) <= MOST_ROUNDS + 1
    assert min(map(len, drawn.values())) > MOST_ROUNDS / 5
    assert drawn["south"][-1] == 17.0


def test_a_single_round_is_a_dot() -> None:
    assert heights(spark([(NOON, 0.15)], until=NOON)) == [1.0, 1.0]
