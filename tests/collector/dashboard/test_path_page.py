import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from collector.dashboard import formats
from tests.collector.dashboard.a_history import GROUPS, REGIONS, deliver_history
from tests.collector.dashboard.a_page import Element, opened
from tests.collector.reads.a_house import NOON, Found, House

PATH = "/path?tester=oslo&server=ams1"


def facts_of(page: Element) -> dict[str, str]:
    return {item.one("dt").text: item.one("dd").text for item in page.one("dl").all("div")}


def chart_of(page: Element) -> dict[str, Any]:
    (source,) = (item for item in page.all("script") if item.attributes.get("id") == "points")
    found: dict[str, Any] = json.loads("".join(map(str, source.inside)))
    return found


RESOLUTIONS = ["auto", "run", "hour"]


def test_chart_and_table_have_the_points_of_the_api(house: House) -> None:
    deliver_history(house, slowed="oslo")
    for resolution in RESOLUTIONS:
        asked: dict[str, Any] = {"points": 800} if resolution == "auto" else {}

        page = opened(house.client, f"{PATH}&resolution={resolution}")

        body = house.get("path", tester="oslo", server="ams1", resolution=resolution, **asked)
        chart = chart_of(page)
        points = body["points"][::-1]
        assert len(points) == 6
        for name, key in (("low", "min_us"), ("p50", "p50_us"), ("high", "max_us"), ("q1", "p25_us")):
            assert chart[name] == [point[key] / 1_000 for point in points]
        (table,) = (
            table for table in page.all("table") if "list" in table.classes and "p50, ms" in table.text
        )
        medians = [row.all("td")[2].text for row in table.one("tbody").all("tr")]
        assert medians == [formats.exact_ms(point["p50_us"]) for point in body["points"]]


def test_facts_say_what_was_found_and_what_is_usual(house: House) -> None:
    deliver_history(house, slowed="oslo")

    page = opened(house.client, PATH)
    facts = facts_of(page)
    summary = house.get("path", tester="oslo", server="ams1", resolution="auto", points=800)["summary"]
    cell = house.get("matrix", usual="true", tester="oslo", server="ams1")["cells"][0][0]

    assert facts["Median of all shown"] == f"{formats.exact_ms(summary['p50_us'])} ms"
    assert facts["Usual at this hour"] == f"{formats.exact_ms(cell['usual_us'])} ms"
    assert facts["Newest median"] == "15.1 ms"
    assert facts["Change"].startswith("+4.9")
    assert facts["Lost"] == f"0 of {summary['n']}, 0 %"
    assert facts["Light in fibre, straight line"] != "no location"
    assert facts["Runs"] == "6"


def test_a_period_of_days_and_an_unfit_tester_are_held_against_no_hour(house: House) -> None:
    deliver_history(house, slowed="oslo")

    assert "against its usual" in opened(house.client, PATH).one("main").text
    assert "against its usual" not in opened(house.client, f"{PATH}&resolution=day").one("main").text

    later = datetime.fromisoformat(house.get("path", tester="oslo", server="ams1")["points"][0]["ts"])
    (tester,) = (row for row in house.get("testers")["testers"] if row["name"] == "oslo")
    (server,) = (row for row in house.get("servers")["servers"] if row["name"] == "ams1")
    house.report(
        UUID(tester["tester_id"]),
        house.sweep(UUID(tester["fleet_id"])),
        Found(server="ams1", address=server["address"], group=server["group"], rtt_us=[90_000] * 20),
        started_at=later + timedelta(minutes=5),
        health={"trusted": False, "reason": "the clock steps"},
    )

    assert "against its usual" not in opened(house.client, f"{PATH}&resolution=run").one("main").text


def test_the_trace_is_shown_where_there_is_one(house: House) -> None:
    deliver_history(house, sweeps=1)

    traced = opened(house.client, PATH)
    other = opened(house.client, "/path?tester=tokyo&server=ams1")

    (section,) = (one for one in traced.all("section") if one.all("h2")[0].text == "The way there")
    assert [row.all("td")[1].text for row in section.one("tbody").all("tr")] == ["192.0.2.254", "192.0.2.1"]
    assert "*" in section.text
    assert "The way there" not in other.text


def test_a_trace_that_is_rubbish_breaks_nothing(house: House) -> None:
    fleet = house.fleet()
    tester, sweep = house.tester(fleet, "oslo"), house.sweep(fleet)
    for index, trace in enumerate(({"hops": 7}, {"hops": [1, {"rtt_us": "x", "addresses": 3}]}, [])):
        house.report(
            tester,
            sweep,
            Found(server="ams1", rtt_us=[1_000] * 9, details={"trace": trace}),
            index=index,
            started_at=NOON + timedelta(minutes=index),
        )

    opened(house.client, PATH)


def test_hours_of_the_week_are_those_that_were_measured(house: House) -> None:
    deliver_history(house)

    page = opened(house.client, PATH)
    (week,) = (table for table in page.all("table") if "week" in table.classes)
    rows = {row.one("th").text: [cell.text for cell in row.all("td")] for row in week.one("tbody").all("tr")}

    # The first of March 2026 is a Sunday.
    assert [hour for hour, text in enumerate(rows["Sun"]) if text != formats.NONE] == [7, 8, 9, 10, 11, 12]
    assert {text for day, texts in rows.items() if day != "Sun" for text in texts} == {formats.NONE}


def test_a_server_that_never_answered_is_a_page_without_a_time(house: House) -> None:
    deliver_history(house)

    page = opened(house.client, "/path?tester=tokyo&server=fra1")

    assert facts_of(page)["Newest median"] == "lost"
    assert facts_of(page)["Best"] == formats.NONE
    assert set(chart_of(page)["p50"]) == {None}
    assert set(chart_of(page)["loss"]) == {1.0}


RANGES = [
    ("since=2016-01-01T00:00:00Z", True),
    ("since=2016-01-01T00:00:00Z&until=2026-04-01T00:00:00Z", True),
    ("since=2016-01-01T00:00:00Z&until=2017-01-01T00:00:00Z", False),
    ("since=2036-01-01T00:00:00Z", False),
    ("since=0001-01-01T00:00:00Z", True),
    ("since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z", True),
    ("until=2026-03-01T09:30:00Z", True),
]


def test_any_range_is_a_page(house: House) -> None:
    deliver_history(house)
    for question, has_points in RANGES:
        page = opened(house.client, f"{PATH}&{question}")

        assert bool(page.all("script", id="points")) == has_points
        for item in page.one("nav", **{"aria-label": "Time ranges"}).all("a"):
            opened(house.client, "/path" + item.attributes["href"].removeprefix("/path"))


WRONG = [
    ("tester=oslo", 400, "server"),
    ("tester=nobody&server=ams1", 404, "no tester nobody"),
    ("tester=oslo&server=nothing", 404, "no server nothing"),
    ("tester=oslo&server=ams1&resolution=often", 400, "resolution"),
    ("tester=oslo&server=ams1&points=1", 400, "points"),
    ("tester=oslo&server=ams1&resolution=25h", 400, "whole days"),
    ("tester=oslo&server=ams1&surver=x", 400, "did you mean server=?"),
]


def test_a_path_that_cannot_be_is_said_to_be_none(house: House) -> None:
    deliver_history(house, sweeps=1)
    for question, status, said in WRONG:
        assert said in opened(house.client, f"/path?{question}", status=status).one("main").text


def test_slow_regions_are_those_of_the_api_in_their_order(house: House) -> None:
    deliver_history(house)

    page = opened(house.client, "/slow?sort=p50")
    body = house.get("slow", by="p50")
    (table,) = (table for table in page.all("table") if "regions" in table.classes)
    rows = [[cell.text for cell in row.all("td")] for row in table.one("tbody").all("tr")]

    assert [row[7] for row in rows] == [
        formats.ms(region["p50_us"]) if region["p50_us"] is not None else formats.NONE
        for region in body["regions"]
    ]
    assert len(rows) == len(REGIONS)
    assert f"{3 * (len(GROUPS) - 1) + 1} paths" in page.one("main").text


def test_a_region_shows_its_paths_alone(house: House) -> None:
    deliver_history(house, sweeps=1)

    page = opened(house.client, "/slow?region=eu-north-1")
    (paths,) = (one for one in page.all("section") if one.attributes.get("id") == "paths")

    assert {row.all("td")[1].text for row in paths.one("tbody").all("tr")} == {"eu-north-1"}
    opened(house.client, "/slow?sort=speed", status=400)
