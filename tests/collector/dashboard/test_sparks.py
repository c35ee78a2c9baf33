"""The small lines of regions: what they are drawn of, on both engines."""

import re
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from collector.dashboard.sparks import MOST_POINTS, REACH, spark, sparks_of
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


@pytest.mark.parametrize("rounds", [1, 2, MOST_POINTS, 10 * MOST_POINTS + 1])
def test_a_line_of_many_rounds_is_thinned_and_keeps_the_newest(rounds: int) -> None:
    points = [(NOON - timedelta(minutes=rounds - number), 0.1) for number in range(rounds)]

    drawn = heights(spark([*points[:-1], (points[-1][0], -0.2)], until=NOON))

    assert len(drawn) <= max(2, MOST_POINTS)
    assert drawn[-1] == 17.0
