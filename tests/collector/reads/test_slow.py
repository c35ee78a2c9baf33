import random
from datetime import timedelta
from uuid import UUID

import pytest

from tests.collector.reads.a_house import NOON, Found, House
from tests.collector.reads.naive import naive_figures
from wire.report import LATE, LOST

OSLO = {"region": "eu-north", "lat": 59.91, "lon": 10.75}
BERGEN = {"region": "eu-north", "lat": 60.39, "lon": 5.32}
VIRGINIA = {"region": "us-east", "lat": 38.9, "lon": -77.4}


def measured(house: House, *, located: bool) -> dict[tuple[str, str], list[int]]:
    rng = random.Random(11)
    fleet = house.fleet(
        servers=[{"name": "va", "location": VIRGINIA}, {"name": "nowhere"}] if located else []
    )
    sweep = house.sweep(fleet)
    probes = {}
    for name, location, least in (
        ("oslo", OSLO, 90_000),
        ("bergen", BERGEN, 95_000),
        ("va-1", VIRGINIA, 300),
    ):
        tester = house.tester(fleet, name, location=location)
        for server in ("va", "nowhere"):
            row = [rng.choice([least + rng.randrange(3_000)] * 8 + [LOST, LATE]) for _ in range(70)]
            probes[name, server] = row
        house.report(
            tester,
            sweep,
            *(Found(server=server, rtt_us=probes[name, server]) for server in ("va", "nowhere")),
        )
    return probes


REGIONS = {"oslo": "eu-north", "bergen": "eu-north", "va-1": "us-east"}


@pytest.mark.parametrize("by", ["p50", "p95", "loss", "floor"])
def test_regions_and_paths_are_pools_of_probes(house: House, by: str) -> None:
    probes = measured(house, located=True)

    body = house.get("slow", by=by)

    assert body["by"] == by
    assert [item["rank"] for item in body["regions"]] == [1, 2]
    for item in body["regions"]:
        pool = [v for (name, _), row in probes.items() if REGIONS[name] == item["region"] for v in row]
        expected = {key: value for key, value in naive_figures(pool).items() if key in item}
        assert {key: item[key] for key in expected} == pytest.approx(expected)
        assert item["best_us"] == min(value for value in pool if value >= 0)
        assert item["testers"] == sorted(name for name, region in REGIONS.items() if region == item["region"])
        assert (item["server_count"], item["path_count"]) == (2, 2 * len(item["testers"]))
    for item in body["paths"]:
        expected = {
            key: value
            for key, value in naive_figures(probes[item["tester"], item["server"]]).items()
            if key in item
        }
        assert {key: item[key] for key in expected} == pytest.approx(expected)
        assert item["region"] == REGIONS[item["tester"]]
    assert [item["rank"] for item in body["paths"]] == list(range(1, 7))


def test_paths_come_in_pages_that_are_the_whole_ranking(house: House) -> None:
    measured(house, located=True)
    whole = house.get("slow", by="p50")
    pages = [house.get("slow", by="p50", limit=4)]
    pages.append(house.get("slow", by="p50", limit=4, cursor=pages[0]["next"]))

    assert [len(page["paths"]) for page in pages] == [4, 2]
    assert [path for page in pages for path in page["paths"]] == whole["paths"]
    assert [page["regions"] for page in pages] == [whole["regions"]] * 2
    assert (whole["next"], pages[1]["next"]) == (None, None)
    of_region = house.get("slow", by="p50", region="eu-north", limit=3)
    rest = house.get("slow", by="p50", region="eu-north", cursor=of_region["next"])
    north = [path for path in whole["paths"] if path["region"] == "eu-north"]
    assert of_region["paths"] + rest["paths"] == north
    assert of_region["path_count"] == 6
    assert house.get("slow", region="nowhere")["paths"] == []
    other = house.get("runs", limit=1)["next"]
    for wrong in ("x", "", other):
        status, body = house.refused("slow", cursor=wrong)
        assert (status, body["error"]) == (400, "bad_cursor")


def test_slowest_come_first(house: House) -> None:
    measured(house, located=True)

    assert [item["region"] for item in house.get("slow", by="p50")["regions"]] == ["eu-north", "us-east"]
    p95 = [item["p95_us"] for item in house.get("slow", by="p95")["paths"]]
    assert p95[0] is None, "19 % loss puts the 95th percentile on a lost probe, which leads"
    loss = [item["loss_ratio"] for item in house.get("slow", by="loss")["paths"]]
    assert loss == sorted(loss, reverse=True)


def test_a_known_floor_is_the_default_and_is_told(house: House) -> None:
    measured(house, located=True)

    body = house.get("slow")

    assert body["by"] == "floor"
    assert body["by_label"] == (
        "ranked by best RTT over the distance floor (a region by the median of its paths)"
    )
    paths = {(item["tester"], item["server"]): item for item in body["paths"]}
    assert paths["oslo", "va"]["floor_ratio"] == pytest.approx(1.47, abs=0.05)
    assert paths["oslo", "nowhere"]["floor_ratio"] is None
    assert paths["va-1", "va"]["floor_ratio"] is None, "neighbours have no ratio"
    regions = {item["region"]: item for item in body["regions"]}
    assert regions["eu-north"]["floor_ratio"] == pytest.approx(1.5, abs=0.06)
    assert regions["eu-north"]["floor_flag"] is None


def test_without_a_location_the_default_is_p50(house: House) -> None:
    measured(house, located=False)

    body = house.get("slow")

    assert (body["by"], body["by_label"]) == ("p50", "ranked by p50 (lost probes count as infinite)")


def test_faster_than_light_is_flagged(house: House) -> None:
    fleet = house.fleet(servers=[{"name": "va", "location": VIRGINIA}])
    tester = house.tester(fleet, "oslo", location=OSLO)
    house.report(tester, house.sweep(fleet), Found(server="va", rtt_us=[40] * 6))

    body = house.get("slow")

    assert body["paths"][0]["floor_flag"] == body["regions"][0]["floor_flag"] == "below floor"
    assert body["by_label"].endswith("of the only region: there is none to compare it with")


def test_untrusted_runs_are_left_out_and_listed(house: House) -> None:
    fleet = house.fleet()
    sweep = house.sweep(fleet)
    good, bad = house.tester(fleet, "oslo"), house.tester(fleet, "tokyo")
    house.report(good, sweep, Found(server="ams", rtt_us=[10] * 6))
    run = house.report(
        bad, sweep, Found(server="ams", rtt_us=[9_999] * 6), health={"trusted": False, "reason": "steal 40 %"}
    )

    body = house.get("slow")

    assert [item["region"] for item in body["regions"]] == ["oslo"]
    assert [item["tester"] for item in body["paths"]] == ["oslo"]
    assert body["left_out"] == [{"tester": "tokyo", "run_id": str(run), "reason": "steal 40 %"}]


def test_an_empty_collector_has_an_empty_ranking_with_a_hint(house: House) -> None:
    body = house.get("slow")

    assert (body["regions"], body["paths"], body["left_out"], body["by"]) == ([], [], [], "p50")
    assert body["hint"]


@pytest.mark.parametrize(
    "servers", [[], [{"location": VIRGINIA}], [{"name": "va", "location": "eu"}], [{"name": 1}]]
)
def test_a_specification_of_any_shape_is_read(house: House, servers: list[dict[str, object]]) -> None:
    fleet = house.fleet(servers=servers)
    tester: UUID = house.tester(fleet, "oslo", location={"region": 5, "lat": "x"})
    house.report(tester, house.sweep(fleet), Found(server="va", rtt_us=[40] * 6))

    assert house.get("slow")["regions"][0]["region"] == "oslo"


def test_by_baseline_what_grew_most_over_its_usual_comes_first(house: House) -> None:
    fleet = house.fleet()
    testers = {name: house.tester(fleet, name) for name in ("far", "near", "new", "silent")}
    past = house.sweep(fleet)
    for hours in range(10, 4, -1):
        for name, us in (("far", 200_000), ("near", 10_000), ("silent", 50_000)):
            house.report(
                testers[name], past, Found(server="a", rtt_us=[us] * 20), index=hours,
                started_at=NOON - timedelta(hours=hours),
            )  # fmt: skip
    now = house.sweep(fleet, started_at=NOON)
    for name, us in (("far", 202_000), ("near", 13_000), ("new", 90_000), ("silent", LOST)):
        house.report(testers[name], now, Found(server="a", rtt_us=[us] * 20))

    body = house.get("slow", by="baseline", sweep_id=str(now))

    for items in (body["regions"], body["paths"]):
        assert [item["region"] for item in items] == ["silent", "near", "far", "new"]
        lost, near, far, new = (item["usual_ratio"] for item in items)
        assert (lost, new) == (None, None)
        # A baseline comes from a histogram, within 1 %.
        assert near == pytest.approx(0.3, abs=0.015)
        assert far == pytest.approx(0.01, abs=0.0105)
    assert "usual_ratio" not in house.get("slow", by="p50")["paths"][0]
    status, refusal = house.refused("slow", by="baseline", since="2026-02-01T00:00:00Z")
    assert (status, "of a day at most" in refusal["message"]) == (400, True)
