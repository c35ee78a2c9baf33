"""A path cut into periods of any length."""

import random
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.history.periods import NICE, Period, fitting, period_of
from collector.history.rollups import Roller
from collector.tables import EPOCH
from tests.collector.reads.a_house import NOON, Found, House
from tests.collector.reads.naive import naive_figures

TIMES = st.integers(0, 2**51).map(lambda us: EPOCH + timedelta(microseconds=us))
LONG_AGO = {"tester": "oslo", "server": "ams", "since": "2016-01-01T00:00:00Z"}
ASKED = {"tester": "oslo", "server": "ams", "since": NOON.isoformat()}


def measured(
    house: House, chance: random.Random, *, every: timedelta, runs: int
) -> dict[datetime, list[int]]:
    """Report runs of one path; return the probes of the trusted ones by their start."""
    fleet = house.fleet()
    tester, sweep = house.tester(fleet, "oslo"), house.sweep(fleet)
    found: dict[datetime, list[int]] = {}
    for index in range(runs):
        rtts = [
            -1 if chance.random() < 0.1 else int(20_000 * chance.lognormvariate(0, 0.4)) for _ in range(30)
        ]
        start, trusted = NOON + every * index, index % 7 != 3
        house.report(
            tester,
            sweep,
            Found(server="ams", rtt_us=rtts),
            index=index,
            started_at=start,
            health={"trusted": trusted, "reason": None if trusted else "cpu"},
        )
        found[start] = rtts if trusted else []
    return found


@pytest.mark.parametrize(
    ("resolution", "every", "rolled"),
    [
        ("15m", 4, False),
        ("45m", 7, True),
        ("6h", 97, True),
        ("7h", 97, True),
        ("2d", 1_000, True),
        ("7d", 1_000, False),
    ],
)
def test_points_of_any_resolution_are_those_of_the_raw_results(
    house: House, chance: random.Random, resolution: str, every: int, rolled: bool
) -> None:
    sent = measured(house, chance, every=timedelta(minutes=every), runs=24)
    if rolled:
        Roller(house.engine).roll_up(NOON + timedelta(days=12))
    period = period_of(resolution)
    assert period is not None
    expected: dict[datetime, list[list[int]]] = defaultdict(list)
    for start, rtts in sent.items():
        expected[period.start_of(start)].append(rtts)

    body = house.get("path", resolution=resolution, **ASKED)

    assert (body["resolution"], body["resolution_s"]) == (resolution, period.length.total_seconds())
    assert [datetime.fromisoformat(point["ts"]) for point in body["points"]] == sorted(expected, reverse=True)
    error = 0.0 if resolution in ("15m", "45m") else 0.01
    for point in body["points"]:
        parts = expected[datetime.fromisoformat(point["ts"])]
        assert point["runs"] == sum(map(bool, parts))
        for name, value in naive_figures([rtt for rtts in parts for rtt in rtts]).items():
            if name in point:
                near = value is not None and name in ("p50_us", "p95_us")
                assert point[name] == (pytest.approx(value, rel=error) if near else value), name


def test_auto_gives_about_as_many_points_as_a_chart_has_room_for(house: House, chance: random.Random) -> None:
    measured(house, chance, every=timedelta(minutes=50), runs=30)

    def asked(**more: Any) -> dict[str, Any]:
        return house.get("path", resolution="auto", **ASKED, **more)

    assert asked()["resolution"] == "5m"
    assert asked(points=24)["resolution"] == "2h"
    few = asked(points=2)
    assert len(few["points"]) <= 2
    assert sum(point["n"] for point in few["points"]) == few["summary"]["n"]
    assert few["resolution"] == "1d"


def test_more_points_than_an_answer_may_hold_are_refused_with_what_would_do(house: House) -> None:
    fleet = house.fleet()
    tester, sweep = house.tester(fleet, "oslo"), house.sweep(fleet)
    for index in range(2):
        start = NOON - timedelta(days=2_000 * index)
        house.report(tester, sweep, Found(server="ams", rtt_us=[1]), index=index, started_at=start)

    status, body = house.refused("path", resolution="5m", **LONG_AGO)

    assert (status, body["error"]) == (422, "too_many_points")
    assert body["hint"].startswith("ask for resolution=12h or longer")
    assert len(house.get("path", resolution="1d", **LONG_AGO)["points"]) == 2
    assert len(house.get("path", resolution="auto", **LONG_AGO)["points"]) == 2


def test_a_resolution_that_no_sums_are_kept_for_is_refused(house: House) -> None:
    fleet = house.fleet()
    house.report(house.tester(fleet, "oslo"), house.sweep(fleet), Found(server="ams", rtt_us=[1]))

    for wrong in ("90m", "36h", "0m", "5s", "15", "m", "-5m", "99999d", "Hour"):
        assert house.refused("path", resolution=wrong, **ASKED)[0] == 422, wrong
    assert house.refused("path", resolution="1h", points=5, **ASKED)[0] == 400


def test_points_come_in_pages_where_a_limit_is_given(house: House, chance: random.Random) -> None:
    measured(house, chance, every=timedelta(minutes=30), runs=12)
    for resolution in ("15m", "2h"):
        whole = house.get("path", resolution=resolution, **ASKED)
        first = house.get("path", resolution=resolution, limit=2, **ASKED)

        second = house.get("path", resolution=resolution, limit=100, cursor=first["next"], **ASKED)

        assert first["points"] + second["points"] == whole["points"]
        assert (whole["next"], second["next"]) == (None, None)


@given(since=TIMES, length=st.integers(1, 10**9), points=st.integers(2, 5_000))
def test_a_fitting_period_gives_no_more_points_than_asked_for(
    since: datetime, length: int, points: int
) -> None:
    until = since + timedelta(seconds=length)

    period = fitting(since, until, points=points)

    starts = {period.start_of(since), period.start_of(until - timedelta(microseconds=1))}
    assert period.count(since, until) == (max(starts) - min(starts)) // period.length + 1 <= points
    shorter = [item for item in NICE if item < period.length]
    assert all(Period(length=item).count(since, until) > points for item in shorter)
    assert period_of(str(period)) in (period, None)


@pytest.mark.parametrize("rolled", [False, True])
@pytest.mark.parametrize(
    ("since", "until"),
    [
        (timedelta(0), None),
        (timedelta(-400), timedelta(400)),
        (timedelta(hours=7, minutes=11), timedelta(days=9, minutes=-3)),
        (timedelta(days=-3), timedelta(days=2, hours=5)),
    ],
)
def test_a_path_by_day_is_summed_up_as_it_is_by_any_other_period(
    house: House, chance: random.Random, since: timedelta, until: timedelta | None, rolled: bool
) -> None:
    measured(house, chance, every=timedelta(minutes=1_000), runs=24)
    if rolled:
        Roller(house.engine).roll_up(NOON + timedelta(days=12))
    asked = {"tester": "oslo", "server": "ams", "since": (NOON + since).isoformat()}
    if until is not None:
        asked["until"] = (NOON + until).isoformat()

    hourly, daily = (house.get("path", resolution=name, limit=500, **asked) for name in ("hour", "day"))

    assert hourly["summary"] is not None
    assert daily["summary"] == hourly["summary"]
    assert (daily["since"], daily["until"]) == (hourly["since"], hourly["until"])
    last = daily["points"][-1]["ts"]
    first_page = house.get("path", resolution="day", limit=1, **asked)
    rest = house.get("path", resolution="day", limit=500, cursor=first_page["next"], **asked)
    assert [point["ts"] for point in rest["points"]][-1] == last
    assert rest["summary"] == daily["summary"]
