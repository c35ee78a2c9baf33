"""Pages of sweeps, runs, the fleet and servers, as a browser without scripts has them."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from tests.collector.dashboard.a_page import Element, opened
from tests.collector.reads.a_house import ADMIN, NOON, Found, House

LISTS = ("/sweeps", "/runs", "/fleet", "/servers")
LATER = NOON + timedelta(minutes=10)
UNFIT = {"trusted": False, "reason": "the loopback RTT is 7.3 ms", "loopback_us": {"p50": 7_300}}


def rows(page: Element) -> list[list[str]]:
    """Return the cells of the first table's body as text."""
    body = page.all("tbody")[0]
    return [[cell.text for cell in row.inside if isinstance(cell, Element)] for row in body.all("tr")]


def filled(house: House) -> tuple[UUID, UUID, UUID]:
    """One sweep of two testers: one of them unfit in its second run; return sweep and both runs of it."""
    fleet_id = house.fleet("edge")
    oslo = house.tester(fleet_id, "oslo", location={"region": "eu-north-1"})
    rome = house.tester(fleet_id, "rome")
    sweep_id = house.sweep(fleet_id)
    found = [
        Found(server="near", rtt_us=[1_000] * 8),
        Found(server="dead", address="192.0.2.2", rtt_us=[-1] * 8),
    ]
    house.report(oslo, sweep_id, *found)
    house.report(oslo, sweep_id, *found, index=1, started_at=LATER)
    first = house.report(rome, sweep_id, *found)
    second = house.report(rome, sweep_id, *found, index=1, started_at=LATER, health=UNFIT)
    return sweep_id, first, second


@pytest.mark.parametrize("address", [*LISTS, "/api"])
def test_an_empty_collector_has_every_page(house: House, address: str) -> None:
    page = opened(house.client, address)

    assert page.one("main").text
    assert len(page.all("h1")) == 1


@pytest.mark.parametrize("address", LISTS)
def test_an_empty_list_says_what_fills_it(house: House, address: str) -> None:
    text = opened(house.client, address).one("main").text

    assert any(
        word in text for word in ("orchestrate up", "announced", "first result", "stored", "register")
    ), text


@pytest.mark.parametrize(
    ("address", "status", "hint"),
    [
        ("/sweeps?outcome=well", 400, "complete"),
        ("/sweeps?cursor=x", 400, "without cursor="),
        ("/sweeps?since=yesterday", 400, "2026-03-01T12:00:00Z"),
        ("/sweeps/7", 400, "UUID"),
        ("/sweeps/11111111-1111-4111-8111-111111111111", 404, "sweep"),
        ("/runs?state=well", 400, "announced"),
        ("/runs?tester=nobody", 404, "nobody"),
        ("/runs?trusted=perhaps", 400, "boolean"),
        ("/runs/11111111-1111-4111-8111-111111111111", 404, "run"),
        ("/fleet?sort=colour", 400, "name"),
        ("/fleet?fleet=nobody", 404, "nobody"),
        ("/servers?sort=colour", 400, "name"),
        ("/servers?grup=edge", 400, "did you mean group=?"),
        ("/api?x=1", 400, "this page knows"),
    ],
)
def test_a_rubbish_question_is_answered_with_a_hint(
    house: House, address: str, status: int, hint: str
) -> None:
    page = opened(house.client, address, status=status)

    assert hint in page.one("main").text


def test_a_sweep_shows_each_tester_its_runs_and_what_is_missing(house: House) -> None:
    sweep_id, _, second = filled(house)

    listed = opened(house.client, "/sweeps")
    page = opened(house.client, f"/sweeps/{sweep_id}")

    assert "4 of 4" in " ".join(rows(listed)[0])
    assert [row[0] for row in rows(page)] == ["oslo", "rome"]
    assert [row[1] for row in rows(page)] == ["complete", "not trusted"]
    assert "7.3 ms" in rows(page)[1][-1]
    marks = [item for item in page.all("a") if "mark-run" in item.classes]
    assert len(marks) == 4
    assert f"/runs/{second}" in [item.attributes["href"] for item in marks]
    assert all("result" in item.text for item in marks)


def test_a_sweep_of_a_tester_that_was_started_by_hand_has_a_page(house: House) -> None:
    sweep_id = uuid4()
    house.report(house.tester(house.fleet(), "oslo"), sweep_id, Found(server="near", rtt_us=[1_000] * 8))

    page = opened(house.client, f"/sweeps/{sweep_id}")

    assert rows(page)[0][:2] == ["oslo", "complete"]


def test_a_run_shows_the_health_of_its_tester_and_each_result(house: House) -> None:
    _, _, second = filled(house)

    page = opened(house.client, f"/runs/{second}")

    assert "not trusted" in page.one("h1").text
    text = page.one("main").text
    assert "Loopback, median 7.3 ms" in text
    by_server = {row[0].split()[0]: row for row in rows(page)}
    assert by_server["near"][2:5] == ["ok", "8 of 8", "0 %"]
    assert by_server["dead"][2:] == ["lost", "0 of 8", "100 %", "–", "–", "–"]


def test_runs_are_filtered_by_their_address_and_a_page_leads_to_the_next(house: House) -> None:
    filled(house)

    assert [row[1] for row in rows(opened(house.client, "/runs?tester=oslo"))] == ["oslo"] * 2
    assert [row[3] for row in rows(opened(house.client, "/runs?trusted=false"))] == ["not trusted"]
    assert "No run fits" in opened(house.client, "/runs?state=abandoned").one("h1").text
    link = next(
        item for item in opened(house.client, "/runs?trusted=false").all("a") if item.text == "CSV"
    ).attributes["href"]
    answer = house.client.get(link)
    assert answer.status_code == 200
    assert answer.text.count("\n") == 2


def test_the_fleet_names_who_was_unfit_and_what_was_left_out(house: House) -> None:
    filled(house)

    page = opened(house.client, "/fleet")

    assert page.one("h1").text == "2 testers; what does not count is the last run of rome"
    oslo, rome = rows(page)
    assert (oslo[1], oslo[2], rome[2]) == ("eu-north-1", "complete of oslo", "not trusted of rome")
    assert rome[4] == "7.3"
    left_out = page.all("tbody")[1].all("tr")
    assert len(left_out) == 1
    assert "rome" in left_out[0].text


def test_who_is_worst_is_first_where_health_is_asked_for(house: House) -> None:
    filled(house)

    assert [row[0] for row in rows(opened(house.client, "/fleet?sort=name"))] == ["oslo", "rome"]
    assert [row[0] for row in rows(opened(house.client, "/fleet?sort=health"))] == ["rome", "oslo"]


def test_retired_testers_are_shown_when_asked_for(house: House) -> None:
    filled(house)
    (oslo, _) = house.get("testers")["testers"]
    retired = house.client.post(f"/api/v1/testers/{oslo['tester_id']}/retire", auth=ADMIN)
    assert retired.status_code == 200

    assert [row[0] for row in rows(opened(house.client, "/fleet"))] == ["rome"]
    shown = {row[0]: row[2] for row in rows(opened(house.client, "/fleet?include_retired=true"))}
    assert shown["oslo"] == "retired of oslo"


def test_servers_are_filtered_by_group_and_each_address_is_a_row(house: House) -> None:
    fleet_id = house.fleet("edge")
    oslo = house.tester(fleet_id, "oslo")
    found = [
        Found(server="near", address="192.0.2.1", rtt_us=[1] * 6),
        Found(server="near", address="192.0.2.9", rtt_us=[1] * 6),
        Found(server="deep", address="192.0.2.3", group="core", rtt_us=[1] * 6),
    ]
    house.report(oslo, house.sweep(fleet_id), *found)

    page = opened(house.client, "/servers")

    assert sorted((row[0], row[2]) for row in rows(page)) == [
        ("deep", "192.0.2.3"),
        ("near", "192.0.2.1"),
        ("near", "192.0.2.9"),
    ]
    assert [row[0] for row in rows(opened(house.client, "/servers?group=core"))] == ["deep"]
    assert {option.text for option in page.one("select").all("option")} == {"all", "edge", "core"}


def test_the_api_page_names_every_route_of_the_description(house: House) -> None:
    page = opened(house.client, "/api")

    named = {item.text for item in page.all("code")}
    description: dict[str, Any] = house.client.get("/openapi.json").json()
    assert set(description["paths"]) <= named


def test_no_page_changes_anything(house: House) -> None:
    sweep_id, run_id, _ = filled(house)
    before = _everything(house.client)

    for address in (*LISTS, "/api", f"/sweeps/{sweep_id}", f"/runs/{run_id}"):
        opened(house.client, address)
        assert house.client.post(address).status_code == 405

    assert _everything(house.client) == before


def _everything(client: TestClient) -> list[str]:
    lists = ("fleets", "testers", "sweeps", "runs", "results", "servers", "verdicts?fleet=edge")
    return [client.get(f"/api/v1/{name}").text for name in lists]


@pytest.mark.parametrize(
    "address",
    [
        "/sweeps?fleet=&outcome=&since=&until=",
        "/runs?tester=&state=&trusted=",
        "/matrix?region=&tester=&group=&server=&since=&until=",
        "/slow?region=&since=&until=",
        "/servers?group=&sort=",
        "/fleet?fleet=&sort=",
        "/compare?a=&b=",
    ],
)
def test_a_form_without_scripts_sends_its_empty_fields_too(house: House, address: str) -> None:
    filled(house)

    page, plain = (opened(house.client, path) for path in (address, address.partition("?")[0]))

    assert page.one("main").text == plain.one("main").text


def test_what_nobody_has_judged_is_not_called_usual(house: House) -> None:
    filled(house)

    assert "What is usual is not known yet" in opened(house.client, "/matrix").one("main").text
    assert opened(house.client, "/servers").one("h1").text == "2 servers, not judged yet"


def test_testers_without_a_run_have_nothing_for_them_either(house: House) -> None:
    house.tester(house.fleet("edge"), "oslo")

    assert opened(house.client, "/fleet").one("h1").text == "1 tester, no run of them yet"
