"""Windows longer than a day, which rollups answer."""

import random
from datetime import timedelta
from typing import Any

import pytest

from collector.history.rollups import Roller
from tests.collector.reads.a_house import NOON, Found, House
from tests.collector.reads.naive import naive_figures

DAYS = 5
ERROR = 0.01
NEAR = ("p50_us", "p95_us")


def measured(house: House, chance: random.Random) -> dict[tuple[str, str], list[int]]:
    """Report a run every two hours; return the probes of the trusted ones by path."""
    fleet_id = house.fleet()
    pooled: dict[tuple[str, str], list[int]] = {}
    for tester, region in (("oslo", "north"), ("rome", "south")):
        tester_id = house.tester(fleet_id, tester, location={"region": region})
        sweep_id = house.sweep(fleet_id)
        for index in range(DAYS * 12):
            found = [
                Found(server=name, address=address, rtt_us=[probe(chance) for _ in range(5)])
                for name, address in (("ams", "192.0.2.1"), ("fra", "192.0.2.2"))
            ]
            trusted = index % 10 != 3
            house.report(
                tester_id,
                sweep_id,
                *found,
                index=index,
                started_at=NOON + timedelta(hours=2 * index, minutes=7),
                health={"trusted": trusted, "reason": None if trusted else "cpu"},
            )
            for item in found if trusted else ():
                pooled.setdefault((tester, item.server), []).extend(item.rtt_us)
    return pooled


def probe(chance: random.Random) -> int:
    return -1 if chance.random() < 0.05 else int(20_000 * chance.lognormvariate(0, 0.4))


def assert_figures(found: dict[str, Any], probes: list[int]) -> None:
    for key, value in naive_figures(probes).items():
        if key in found:
            exact = value if not isinstance(value, float) else pytest.approx(value)
            assert found[key] == (pytest.approx(value, rel=ERROR) if key in NEAR and value else exact), key


@pytest.mark.parametrize("rolled", [False, True])
def test_matrix_slow_and_path_over_days_are_those_of_the_raw_results(
    house: House, chance: random.Random, rolled: bool
) -> None:
    pooled = measured(house, chance)
    if rolled:
        Roller(house.engine).roll_up(NOON + timedelta(days=DAYS - 1))
    window = {
        "since": (NOON - timedelta(hours=1)).isoformat(),
        "until": (NOON + timedelta(days=9)).isoformat(),
    }

    matrix = house.get("matrix", **window)
    slow = house.get("slow", by="p50", **window)

    assert matrix["percentile_error"] == slow["percentile_error"] == ERROR
    assert matrix["since"] == (NOON - timedelta(hours=1)).isoformat(timespec="microseconds").replace(
        "+00:00", "Z"
    )
    for row, tester in enumerate(matrix["testers"]):
        assert tester["trusted"]
        assert tester["reason"] == "12 of 120 results left out: not trusted"
        for column, server in enumerate(matrix["servers"]):
            cell = matrix["cells"][row][column]
            assert_figures(cell, pooled[tester["name"], server["name"]])
            assert cell["runs"] == DAYS * 12 * 9 // 10
    for path in slow["paths"]:
        assert_figures(path, pooled[path["tester"], path["server"]])
    for region in slow["regions"]:
        tester = region["testers"][0]
        assert_figures(region, pooled[tester, "ams"] + pooled[tester, "fra"])
    assert {(item["tester"], item["reason"]) for item in slow["left_out"]} == {
        ("oslo", "cpu"),
        ("rome", "cpu"),
    }
    path = house.get("path", tester="oslo", server="fra", **window)
    assert path["percentile_error"] == ERROR
    assert_figures(path["summary"], pooled["oslo", "fra"])


@pytest.mark.parametrize("resolution", ["hour", "day"])
def test_a_path_by_hour_or_day_comes_in_pages_that_are_the_whole(
    house: House, chance: random.Random, resolution: str
) -> None:
    pooled = measured(house, chance)
    Roller(house.engine).roll_up(NOON + timedelta(days=2))
    asked = {"tester": "oslo", "server": "ams", "resolution": resolution, "since": NOON.isoformat()}
    whole = house.get("path", **asked)["points"]

    paged: list[dict[str, Any]] = []
    cursor = None
    while True:
        body = house.get("path", limit=4, **asked, **({} if cursor is None else {"cursor": cursor}))
        paged += body["points"]
        cursor = body["next"]
        if cursor is None:
            break

    assert paged == whole
    assert [point["ts"] for point in whole] == sorted((point["ts"] for point in whole), reverse=True)
    assert sum(point["n"] for point in whole) == len(pooled["oslo", "ams"])
    # A run each two hours, at seven minutes past: an hour with one that is not trusted has a point too.
    assert len(whole) == (DAYS * 12 if resolution == "hour" else DAYS + 1)


def test_a_sweep_without_an_end_is_shown_as_it_was_on_its_last_day(house: House) -> None:
    fleet_id = house.fleet()
    tester_id, sweep_id = house.tester(fleet_id, "oslo"), house.sweep(fleet_id)
    for index, days in enumerate((0, 2, 2.5)):
        house.report(
            tester_id,
            sweep_id,
            Found(server="ams", rtt_us=[1_000 * (index + 1)] * 6),
            index=index,
            started_at=NOON + timedelta(days=days),
        )

    [[cell]] = house.get("matrix")["cells"]
    assert (cell["n"], cell["min_us"]) == (12, 2_000)
    [path] = house.get("slow")["paths"]
    assert path["n"] == 12


def test_a_cursor_of_another_resolution_is_refused(house: House, chance: random.Random) -> None:
    measured(house, chance)
    asked = {"tester": "oslo", "server": "ams", "since": NOON.isoformat(), "limit": 2}
    cursor = house.get("path", resolution="hour", **asked)["next"]

    for other in ("run", "day"):
        status, body = house.refused("path", resolution=other, cursor=cursor, **asked)
        assert (status, body["error"]) == (400, "bad_cursor")
