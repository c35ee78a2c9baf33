from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from collector.dashboard import formats
from tests.collector.dashboard.a_history import GROUPS, REGIONS, SILENT, deliver_history
from tests.collector.dashboard.a_page import BROWSER, Element, opened, page_of
from tests.collector.reads.a_house import Found, House

HOSTILE = (
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=y>",
    "Robert'); DROP TABLE testers;--",
    "\u202egnp.exe\u2066",
    "=cmd|'/c calc'!A1",
    "a&b;c\x07\x1b[31m",
    "ü" * 255,
)


def cells_of(page: Element) -> dict[tuple[str, str], Element]:
    """Return the cells of the matrix by the names of row and column."""
    table = _matrix(page)
    columns = [head.text for head in table.one("thead").all("tr")[-1].all("th")][1:-1]
    found: dict[tuple[str, str], Element] = {}
    for body in table.all("tbody"):
        for row in body.all("tr"):
            if row.classes == ["band"]:
                continue
            name = row.all("span")[0].inside[0]
            cells = row.all("td")[:-1]
            assert len(cells) == len(columns)
            found |= {(str(name), column): cell for column, cell in zip(columns, cells, strict=True)}
    return found


def _matrix(page: Element) -> Element:
    (table,) = (table for table in page.all("table") if "matrix" in table.classes)
    return table


def answered(house: House, **asked: Any) -> dict[tuple[str, str], Any]:
    """Return the cells of the API by the names of row and column."""
    body = house.get("matrix", **asked)
    return {
        (tester["name"], server["name"]): cell
        for tester, row in zip(body["testers"], body["cells"], strict=True)
        for server, cell in zip(body["servers"], row, strict=True)
    }


SHOWN = ["p50", "usual", "p95", "loss"]


def test_the_numbers_on_the_page_are_those_of_the_api(house: House) -> None:
    deliver_history(house)
    for show in SHOWN:
        asked = {"usual": "true"}

        page = cells_of(opened(house.client, f"/matrix?show={show}"))

        expected = answered(house, **asked)
        assert set(page) == set(expected)
        for key, cell in expected.items():
            text = page[key].text
            if cell is None:
                assert text == formats.NONE, key
            elif cell["state"] == "lost":
                assert text == "×", key
            elif show == "p50":
                assert text == formats.ms(cell["p50_us"]), key
            elif show == "p95":
                assert text == "n/a", key
            elif show == "usual":
                assert text == formats.change_percent(cell["change_ratio"]).replace("\u00a0", " "), key
            else:
                assert text == "0", key


def test_a_cell_is_a_link_to_its_path_and_slower_ones_are_marked(house: House) -> None:
    deliver_history(house, slowed="tokyo")

    page = opened(house.client, "/matrix")

    for (tester, server), cell in cells_of(page).items():
        is_slow = tester == "tokyo" and server not in (SILENT, "tokyo")
        assert ("slow" in cell.classes) == is_slow, (tester, server)
    link = cells_of(page)["oslo", "ams1"].one("a").attributes["href"]
    assert opened(house.client, link).one("h1").text == "oslo → ams1"
    assert "3 paths slower than usual" in page.one("main").text
    assert "2 losing packets" in page.one("main").text


FILTERS = [
    ("region=eu-north-1", {"oslo"}, set(GROUPS) - {"oslo"}),
    ("tester=oslo&tester=tokyo", {"oslo", "tokyo"}, set(GROUPS)),
    ("group=core", set(REGIONS), {"dub-db"}),
    ("server=ams1&region=somewhere", {"nowhere"}, {"ams1"}),
    ("by=group", set(REGIONS), {"edge", "core", "peers"}),
    ("by=region", {"eu-north-1", "ap-northeast-1", "somewhere"}, {"eu-north-1", "ap-northeast-1"}),
]


def test_filters_stand_in_the_address_and_hold_for_the_page_and_what_is_taken_along(house: House) -> None:
    deliver_history(house, sweeps=1)
    for question, testers, servers in FILTERS:
        page = opened(house.client, f"/matrix?{question}")
        cells = cells_of(page)
        taken = [item.attributes["href"] for item in page.all("a") if item.text in ("CSV", "JSON")]

        assert {tester for tester, _ in cells} == testers
        # A column without a result from those that are shown is none.
        assert {server for _, server in cells} == servers
        for address in taken:
            answer = house.client.get(address)
            assert answer.status_code == 200
        data = house.client.get(taken[1]).json()
        assert {(row["name"]) for row in data["testers"]} == testers
        assert {column["name"] for column in data["servers"]} == servers
        for (tester, server), cell in cells.items():
            one = data["cells"][[row["name"] for row in data["testers"]].index(tester)][
                [column["name"] for column in data["servers"]].index(server)
            ]
            if one is not None and one["p50_us"] is not None:
                assert cell.text == formats.ms(one["p50_us"])
        assert len(house.client.get(taken[0]).text.splitlines()) == 1 + sum(
            one is not None for row in data["cells"] for one in row
        )


def test_rows_are_sorted_by_a_column_as_the_address_says(house: House) -> None:
    deliver_history(house, sweeps=1)

    page = opened(house.client, "/matrix?sort=ams1")
    heads = [row.all("span")[0].inside[0] for row in _matrix(page).one("tbody").all("tr")]

    assert heads == ["nowhere", "tokyo", "oslo"]
    assert (
        next(
            head for head in _matrix(page).all("th") if head.attributes.get("aria-sort") == "descending"
        ).text
        == "ams1"
    )


def test_rows_stand_by_parts_of_the_world_and_one_without_a_place_elsewhere(house: House) -> None:
    deliver_history(house, sweeps=1)

    bands = [row.text for row in _matrix(opened(house.client, "/matrix")).all("tr", class_="band")]

    assert bands == ["Europe, Middle East, Africa", "Asia Pacific", "Elsewhere"]


def test_a_tester_without_a_run_is_a_row_of_nothing(house: House) -> None:
    history = deliver_history(house, sweeps=1)
    house.tester(history.fleet_id, "asleep")

    cells = cells_of(opened(house.client, "/matrix"))

    assert {cell.text for (tester, _), cell in cells.items() if tester == "asleep"} == {formats.NONE}


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_text_on_every_page(house: House, name: str) -> None:
    fleet = house.fleet(name)
    tester = house.tester(fleet, name, location={"region": name})
    sweep = house.sweep(fleet)
    house.report(tester, sweep, Found(server=name, rtt_us=[1_000] * 20, group=name))

    for address in (
        "/matrix",
        "/slow",
        f"/path?tester={tester}&server={_server_id(house)}",
        "/matrix?by=group",
    ):
        answer = house.client.get(address, headers=BROWSER)
        assert answer.status_code == 200, answer.text
        # As it was written, blanks aside: `opened` holds that no element came of it.
        assert "".join(name.split()) in "".join(page_of(answer.text).text.split())
        opened(house.client, address)
    link = cells_of(opened(house.client, "/matrix"))[name, name].one("a").attributes["href"]
    assert dict(parse_qsl(urlsplit(link).query))["tester"] == str(tester)


def _server_id(house: House) -> str:
    return str(house.get("servers")["servers"][0]["server_id"])


RANGES = [
    "since=2016-01-01T00:00:00Z&until=2026-03-02T00:00:00Z",
    "since=2010-01-01T00:00:00Z&until=2011-01-01T00:00:00Z",
    "since=0001-01-01T00:00:00Z",
    "since=&until=",
    "from=1000000",
    "sort=no+such+column",
    "region=nobody",
]


def test_ranges_of_ten_years_of_nothing_and_beyond_the_end_are_pages(house: House) -> None:
    deliver_history(house, sweeps=1)
    for question in RANGES:
        opened(house.client, f"/matrix?{question}")


RUBBISH = ["by=cloud", "show=all", "from=-1", "sort=" + "x" * 301, "since=%FF"]


def test_rubbish_is_400(house: House) -> None:
    deliver_history(house, sweeps=1)
    for question in RUBBISH:
        opened(house.client, f"/matrix?{question}", status=400)


def test_many_rows_come_in_pages(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver_history(house, sweeps=1)
    monkeypatch.setattr("collector.dashboard.matrix.ROWS_AT_A_TIME", 2)

    first = opened(house.client, "/matrix?sort=name")
    (rest,) = (item.attributes["href"] for item in first.all("a", rel="next"))
    rows = [{tester for tester, _ in cells_of(page)} for page in (first, opened(house.client, rest))]

    assert rows == [{"nowhere", "oslo"}, {"tokyo"}]
