"""What long questions read, and how near their percentiles are, by way of the routes."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from collector.history.again import make_again
from collector.history.rollups import Roller
from collector.history.segments import day_of
from tests.collector.reads.a_house import NOON, Found, House
from tests.collector.reads.naive import naive_figures
from wire.report import LATE, LOST, MAX_RTT_US, NOT_SENT

MIDNIGHT = day_of(NOON)
DAYS = 3
SHAPES = ("uniform", "lognormal", "two places", "constant", "heavy tail", "tiny", "huge")
ERROR = 0.01


def drawn(chance: random.Random, shape: str, loss: float) -> int:
    """Return one probe of a shape."""
    if chance.random() < loss:
        return chance.choice([LOST, LATE, NOT_SENT])
    value = {
        "uniform": lambda: chance.uniform(0, MAX_RTT_US),
        "lognormal": lambda: 20_000 * chance.lognormvariate(0, 1.0),
        "two places": lambda: chance.gauss(800, 30) if chance.random() < 0.5 else chance.gauss(180_000, 900),
        "constant": lambda: 12_345.0,
        "heavy tail": lambda: 500 * chance.paretovariate(1.1),
        "tiny": lambda: chance.uniform(0, 140),
        "huge": lambda: MAX_RTT_US - chance.uniform(0, 50_000_000),
    }[shape]()
    return int(min(max(value, 0), MAX_RTT_US))


@contextmanager
def tables_read(engine: sa.Engine) -> Iterator[list[str]]:
    """Give the statements that touch results or rollups meanwhile."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "ping_" in statement:
            found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def assert_near(found: dict[str, Any], probes: list[int]) -> None:
    exact = naive_figures(probes)
    for key in ("n", "answered", "late", "min_us", "p50_note", "p95_note"):
        if key in found:
            assert found[key] == exact[key], key
    for key in ("p50_us", "p95_us"):
        one, other = found[key], exact[key]
        assert (one is None) == (other is None), key
        assert one is None or abs(one - other) <= ERROR * other, (key, one, other)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.03, 0.2, 0.6]),
    edges=st.tuples(st.integers(0, 1_300), st.integers(0, 1_300)),
)
def test_percentiles_of_any_shape_are_within_a_hundredth(
    house: House, seed: int, loss: float, edges: tuple[int, int]
) -> None:
    chance = random.Random(seed)
    fleet_id = house.fleet(f"fleet-{seed}-{loss}-{edges}-{chance.random()}")
    name = f"oslo-{fleet_id}"
    tester_id, sweep_id = house.tester(fleet_id, name), house.sweep(fleet_id)
    told: list[tuple[Any, dict[str, list[int]]]] = []
    for index in range(9):
        at = MIDNIGHT + timedelta(minutes=chance.randrange(DAYS * 1440), microseconds=index)
        probes = {shape: [drawn(chance, shape, loss) for _ in range(25)] for shape in SHAPES}
        house.report(
            tester_id,
            sweep_id,
            *(Found(server=shape, rtt_us=values) for shape, values in probes.items()),
            index=index,
            started_at=at,
        )
        told.append((at, probes))
    Roller(house.engine).roll_up(MIDNIGHT + timedelta(days=DAYS))
    since = MIDNIGHT + timedelta(minutes=edges[0], seconds=17)
    until = MIDNIGHT + timedelta(days=DAYS) - timedelta(minutes=edges[1])

    for begin, end in ((since, until), (MIDNIGHT, MIDNIGHT + timedelta(days=DAYS))):
        window = {"since": begin.isoformat(), "until": end.isoformat(), "fleet": str(fleet_id)}
        pooled = {
            shape: [value for at, probes in told if begin <= at < end for value in probes[shape]]
            for shape in SHAPES
        }
        matrix = house.get("matrix", **window)
        assert matrix.get("percentile_error") == ERROR
        for column, server in enumerate(matrix["servers"]):
            assert_near(matrix["cells"][0][column], pooled[server["name"]])
        assert {server["name"] for server in matrix["servers"]} == {
            shape for shape, probes in pooled.items() if probes
        }


def measured(house: House, chance: random.Random) -> dict[str, list[int]]:
    fleet_id = house.fleet()
    tester_id, sweep_id = house.tester(fleet_id, "oslo"), house.sweep(fleet_id)
    pooled: dict[str, list[int]] = {"ams": [], "fra": []}
    for index in range(DAYS * 4):
        found = [
            Found(server=name, rtt_us=[drawn(chance, "lognormal", 0.05) for _ in range(12)])
            for name in pooled
        ]
        house.report(
            tester_id,
            sweep_id,
            *found,
            index=index,
            started_at=MIDNIGHT + timedelta(hours=6 * index, minutes=9),
        )
        for item in found:
            pooled[item.server] += item.rtt_us
    Roller(house.engine).roll_up(MIDNIGHT + timedelta(days=DAYS))
    return pooled


def test_reports_over_more_than_a_day_read_no_single_results(house: House, chance: random.Random) -> None:
    pooled = measured(house, chance)
    window = {
        "since": MIDNIGHT.isoformat(),
        "until": (MIDNIGHT + timedelta(days=DAYS)).isoformat(),
    }
    path = {"tester": "oslo", "server": "ams"}
    with tables_read(house.engine) as touched:
        matrix = house.get("matrix", **window)
        slow = house.get("slow", by="p50", **window)
        by_hour = house.get("path", resolution="hour", **path, **window)
        by_day = house.get("path", resolution="day", **path, **window)
    assert len(touched) >= 4
    assert [statement for statement in touched if "ping_results" in statement] == []
    for column, server in enumerate(matrix["servers"]):
        assert_near(matrix["cells"][0][column], pooled[server["name"]])
    for item in slow["paths"]:
        assert_near(item, pooled[item["server"]])
    assert_near(by_hour["summary"], pooled["ams"])
    assert by_hour["summary"] == by_day["summary"]

    # A path by run shows results, and for its figures reads no more than the page.
    with tables_read(house.engine) as touched:
        by_run = house.get("path", limit=2, **path, **window)
    raw = [statement for statement in touched if "ping_results" in statement]
    assert len(by_run["points"]) == 2
    assert by_run["summary"] == by_day["summary"]
    assert all("LIMIT" in statement for statement in raw)


def test_edges_within_an_hour_are_all_that_is_read_raw(house: House, chance: random.Random) -> None:
    measured(house, chance)
    with tables_read(house.engine) as touched:
        house.get(
            "matrix",
            since=(MIDNIGHT + timedelta(minutes=5)).isoformat(),
            until=(MIDNIGHT + timedelta(days=2, hours=18, minutes=30)).isoformat(),
        )

    [raw] = [statement for statement in touched if "FROM ping_results" in statement]
    # One condition on the time for each edge, none for what lies between.
    assert raw.count("ping_results.ts >=") == 2


def test_an_answer_is_the_same_while_rollups_are_made_again(house: House, chance: random.Random) -> None:
    measured(house, chance)
    window = {"since": MIDNIGHT.isoformat(), "until": (MIDNIGHT + timedelta(days=DAYS)).isoformat()}
    before = house.get("matrix", **window)
    now = MIDNIGHT + timedelta(days=DAYS)
    days = 0
    for _ in make_again(house.engine, since=None, until=None, now=now):
        days += 1
        with tables_read(house.engine) as touched:
            assert house.get("matrix", **window) == before
        assert not any("ping_results" in statement for statement in touched)
    assert days == DAYS


@pytest.mark.parametrize(
    ("since", "until"),
    [("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"), ("2016-01-01T00:00:00Z", "2026-12-31T00:00:00Z")],
)
def test_any_window_however_long_is_answered(
    house: House, chance: random.Random, since: str, until: str
) -> None:
    pooled = measured(house, chance)
    for asked, more in (
        ("matrix", {}),
        ("slow", {}),
        ("path", {"tester": "oslo", "server": "fra", "resolution": "day"}),
    ):
        body = house.get(asked, since=since, until=until, **more)
        assert body["percentile_error"] == ERROR
    assert_near(body["summary"], pooled["fra"])
