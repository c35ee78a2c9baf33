from datetime import timedelta

import pytest

from tests.collector.reads.a_house import NOON, Found, House
from tests.collector.reads.naive import naive_figures
from wire.report import LOST

ROWS = [[100 + 10 * index + step for step in range(30)] + [LOST] * index for index in range(5)]


def measured(house: House) -> None:
    fleet = house.fleet()
    sweep = house.sweep(fleet)
    tester = house.tester(fleet, "oslo")
    for index, row in enumerate(ROWS):
        house.report(
            tester,
            sweep,
            Found(server="ams", address="192.0.2.1", rtt_us=row),
            Found(server="ams", address="2001:db8::1", rtt_us=[7] * 6),
            Found(server="dub", rtt_us=[9] * 6),
            index=index,
            started_at=NOON + timedelta(minutes=index),
            health={"trusted": False, "reason": "noisy"} if index == 4 else None,
        )


def test_a_path_is_summed_up_over_its_trusted_runs(house: House) -> None:
    measured(house)

    body = house.get("path", tester="oslo", server="ams", address="192.0.2.1")

    pool = [value for row in ROWS[:4] for value in row]
    expected = naive_figures(pool)
    # The default window is a week: percentiles are those of the rollups.
    error = body["percentile_error"]
    assert error == 0.01
    for key, value in expected.items():
        rel = error if key in ("p50_us", "p95_us") else 1e-9
        assert body["summary"][key] == (
            pytest.approx(value, rel=rel) if isinstance(value, float | int) else value
        )
    assert body["summary"]["pdv_us"] == (
        None if expected["p95_us"] is None else expected["p95_us"] - expected["min_us"]
    )
    assert (body["summary"]["ipdv_us"], body["summary"]["runs"], body["summary"]["state"]) == (1, 4, "lossy")
    assert body["summary"]["floor_ratio"] is None
    assert (body["tester"]["name"], body["server"]["address"]) == ("oslo", "192.0.2.1")


def test_a_path_has_a_point_for_each_run_newest_first(house: House) -> None:
    measured(house)

    points = house.get("path", tester="oslo", server="ams", address="192.0.2.1")["points"]

    assert [point["ts"][14:16] for point in points] == ["04", "03", "02", "01", "00"]
    assert [point["state"] for point in points] == ["tester_bad", "lossy", "lossy", "lossy", "ok"]
    assert [point["trusted"] for point in points] == [False, True, True, True, True]
    for point, row in zip(points, reversed(ROWS), strict=True):
        expected = naive_figures(row)
        shared = ("n", "answered", "loss_ratio", "min_us", "p50_us", "p95_us", "p95_note")
        assert [point[key] for key in shared] == [expected[key] for key in shared]
        assert point["max_us"] == max(row)


def test_the_points_of_a_path_come_in_pages(house: House) -> None:
    measured(house)
    asked = {"tester": "oslo", "server": "ams", "address": "192.0.2.1"}
    first = house.get("path", limit=2, **asked)

    second = house.get("path", limit=10, cursor=first["next"], **asked)

    assert first["points"] + second["points"] == house.get("path", **asked)["points"]
    assert second["next"] is None
    assert first["summary"] == second["summary"]


def test_a_server_of_two_addresses_must_be_told_apart(house: House) -> None:
    measured(house)

    status, body = house.refused("path", tester="oslo", server="ams")

    assert (status, len(body["ids"])) == (409, 2)
    assert body["hint"] == "add address=, one of: 192.0.2.1, 2001:db8::1; or give a UUID"
    by_id = {house.get("path", tester="oslo", server=item)["server"]["address"] for item in body["ids"]}
    assert by_id == {"192.0.2.1", "2001:db8::1"}
    assert house.get("path", tester="oslo", server="dub")["summary"]["p50_us"] == 9


def test_a_path_without_a_result_is_empty_with_a_hint(house: House) -> None:
    measured(house)

    body = house.get("path", tester="oslo", server="dub", since="2030-01-01T00:00:00Z")

    assert (body["summary"], body["points"], body["next"]) == (None, [], None)
    assert body["hint"] == "no result of this path is stored in this window"
