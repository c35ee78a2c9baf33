"""The matrix of a fleet says how far its running sweep is."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from tests.collector.dashboard.a_page import Element, opened
from tests.collector.reads.a_house import ADMIN, Found, House


def begun(house: House, *testers: str, ago: timedelta = timedelta()) -> tuple[UUID, list[UUID]]:
    """Begin a sweep of some testers."""
    fleet_id = house.fleet("edge")
    ids = [house.tester(fleet_id, name) for name in testers]
    return sweep_of(house, fleet_id, *testers, ago=ago), ids


def sweep_of(house: House, fleet_id: UUID, *testers: str, ago: timedelta = timedelta()) -> UUID:
    sweep_id = uuid4()
    spec = {"testers": list(testers), "repeat": 1}
    at = (datetime.now(UTC) - ago).isoformat()
    house.put(
        f"sweeps/{sweep_id}",
        {"fleet_id": str(fleet_id), "schedule_id": None, "due_at": None, "spec": spec, "started_at": at},
    )
    return sweep_id


def ribbon(house: House, **asked: str) -> Element | None:
    page = opened(house.client, "/matrix", params={"fleet": "edge", **asked})
    return next((part for part in page.all("div") if "ribbon" in part.classes), None)


def test_a_running_sweep_has_a_mark_for_each_of_its_testers(house: House) -> None:
    sweep_id, (oslo, rome, _) = begun(house, "oslo", "rome", "waw")
    house.report(oslo, sweep_id, Found(server="near", rtt_us=[1_000] * 8))
    unfit = {"trusted": False, "reason": "the clock steps"}
    house.report(rome, sweep_id, Found(server="near", rtt_us=[1_000] * 8), health=unfit)

    shown = ribbon(house)

    assert shown is not None
    assert [mark.attributes["title"] for mark in shown.all("span") if "mark-run" in mark.classes] == [
        "oslo: complete",
        "rome: not trusted",
        "waw: waiting",
    ]
    assert "2 of 3 testers done, 0 running, 1 with something against them" in shown.text
    assert {link.attributes["href"] for link in shown.all("a")} == {f"/sweeps/{sweep_id}?fleet=edge"}


def test_the_ribbon_alone_is_what_the_matrix_has(house: House) -> None:
    sweep_id, (oslo, _) = begun(house, "oslo", "rome")
    house.report(oslo, sweep_id, Found(server="near", rtt_us=[1_000] * 8))

    whole, (alone,) = (
        ribbon(house),
        opened(house.client, "/matrix/ribbon", params={"fleet": "edge"}).all("div"),
    )

    assert whole is not None
    assert alone.text == whole.text
    assert [mark.attributes for mark in alone.all("span")] == [mark.attributes for mark in whole.all("span")]
    page = opened(house.client, "/matrix", params={"fleet": "edge"})
    assert [part.attributes["data-parts-from"] for part in page.all("p") if "live" in part.classes] == [
        "/matrix/ribbon?fleet=edge"
    ]


def test_what_has_ended_or_was_left_has_no_ribbon(house: House) -> None:
    sweep_id, (oslo, _) = begun(house, "oslo", "rome")
    house.report(oslo, sweep_id, Found(server="near", rtt_us=[1_000] * 8))
    assert ribbon(house) is not None
    # What is shown of another time does not move.
    assert ribbon(house, sweep_id=str(sweep_id)) is None

    house.client.post(f"/api/v1/sweeps/{sweep_id}/finish", json={"outcome": "partial"}, auth=ADMIN)

    assert ribbon(house) is None
    assert house.client.get("/matrix/ribbon").text.strip() == ""


def test_a_sweep_of_which_nothing_was_heard_for_a_day_does_not_run(house: House) -> None:
    begun(house, "oslo", ago=timedelta(days=2))

    assert ribbon(house) is None


def test_the_matrix_is_of_the_last_whole_sweep_while_the_next_one_runs(house: House) -> None:
    first, (oslo, rome) = begun(house, "oslo", "rome")
    for tester in (oslo, rome):
        house.report(tester, first, Found(server="near", rtt_us=[1_000] * 8))
    house.client.post(f"/api/v1/sweeps/{first}/finish", json={"outcome": "complete"}, auth=ADMIN)
    second = sweep_of(house, UUID(house.get("fleets")["fleets"][0]["fleet_id"]), "oslo", "rome")
    house.report(oslo, second, Found(server="near", rtt_us=[2_000] * 8))

    page = opened(house.client, "/matrix", params={"fleet": "edge"})

    assert ribbon(house) is not None
    (table,) = (table for table in page.all("table") if "matrix" in table.classes)
    assert [cell.text for cell in table.all("td") if cell.text.startswith(("1", "2"))] == ["1.0", "1.0"]
