import base64
import csv
import io
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.collector.reads.a_house import NOON, Found, House
from wire.report import LATE, LOST

LISTS = ("runs", "results", "servers")


def filled(house: House, *, runs: int = 5) -> dict[str, Any]:
    """Two testers, each with some runs over three addresses, two of which are one server's."""
    fleet = house.fleet()
    sweep = house.sweep(fleet)
    reported = {}
    for name in ("oslo", "tokyo"):
        tester = house.tester(fleet, name)
        for index in range(runs):
            run = house.report(
                tester,
                sweep,
                Found(server="ams", address="192.0.2.1", rtt_us=[10 + index, LOST, LATE]),
                Found(server="ams", address="2001:db8::1", rtt_us=[20 + index, 21, 22]),
                Found(server="gone", address=None, details={"error": "no such name"}),
                index=index,
                started_at=NOON + timedelta(minutes=index),
            )
            reported[str(run)] = name
    return {"fleet": fleet, "sweep": sweep, "runs": reported}


def pages(house: House, path: str, key: str, **parameters: Any) -> list[list[dict[str, Any]]]:
    found, cursor = [], None
    for _ in range(100):
        body = house.get(path, **parameters, **({} if cursor is None else {"cursor": cursor}))
        found.append(body[key])
        cursor = body["next"]
        if cursor is None:
            return found
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 4, 7])
def test_pages_hold_everything_once_and_in_one_order(house: House, path: str, limit: int) -> None:
    filled(house)
    whole = house.get(path, limit=10_000)

    found = pages(house, path, path, limit=limit)

    assert all(len(page) <= limit for page in found)
    assert [item for page in found for item in page] == whole[path]
    assert whole["next"] is None
    assert len(whole[path]) == {"runs": 10, "results": 30, "servers": 3}[path]


@pytest.mark.parametrize("path", ["fleets", "testers", "sweeps"])
def test_pages_of_what_people_register_are_stable_while_more_is_registered(house: House, path: str) -> None:
    for number in range(5):
        fleet = house.fleet(f"fleet{number}")
        house.tester(fleet, "oslo")
        house.sweep(fleet, started_at=NOON + timedelta(minutes=number // 2))
    whole = house.get(path)
    first = house.get(path, limit=2)
    # Newest first or oldest first: neither takes an item away from the pages that follow.
    house.sweep(house.fleet("aaa"), started_at=NOON + timedelta(hours=1))
    second = house.get(path, limit=3, cursor=first["next"])

    assert first[path] + second[path] == whole[path]
    assert whole["next"] is None
    for wrong in (
        "x",
        "",
        first["next"][:-1],
        house.get("sweeps" if path != "sweeps" else "fleets", limit=1)["next"],
    ):
        status, body = house.refused(path, cursor=wrong)
        assert (status, body["error"]) == (400, "bad_cursor")
    assert house.refused(path, limit=0)[0] == 422


def test_lists_are_filtered_by_what_became_of_things(house: House) -> None:
    known = filled(house)
    house.report(
        house.tester(known["fleet"], "rome"),
        known["sweep"],
        Found(server="ams", rtt_us=[1, 2]),
        health={"trusted": False, "reason": "cpu"},
        started_at=NOON + timedelta(hours=2),
    )
    later = (NOON + timedelta(hours=1)).isoformat()

    assert [item["tester"] for item in house.get("runs", trusted=False)["runs"]] == ["rome"]
    assert len(house.get("runs", trusted=True)["runs"]) == 10
    assert [item["tester"] for item in house.get("runs", since=later)["runs"]] == ["rome"]
    assert len(house.get("runs", until=later)["runs"]) == 10
    assert {item["server"] for item in house.get("results", state="dns_failed")["results"]} == {"gone"}
    assert [item["tester"] for item in house.get("results", trusted=False)["results"]] == ["rome"]
    assert len(house.get("sweeps", until=later)["sweeps"]) == 1
    assert house.get("sweeps", since=later)["sweeps"] == house.get("sweeps", outcome="failed")["sweeps"] == []


def test_a_result_is_what_the_tester_sent(house: House) -> None:
    known = filled(house, runs=1)

    oslo = house.get("results", tester="oslo", server="ams")["results"]

    v4, v6 = sorted(oslo, key=lambda item: item["family"])
    run_id = next(run for run, name in known["runs"].items() if name == "oslo")
    assert (v4["rtt_us"], v4["state"], v4["sent"], v4["answered"], v4["late"]) == (
        [10, LOST, LATE],
        "lossy",
        3,
        1,
        1,
    )
    assert (v4["ts"], v4["run_id"], v4["address"]) == ("2026-03-01T12:00:00.000000Z", run_id, "192.0.2.1")
    assert (v4["p50_us"], v4["min_us"], v4["duplicate"], v4["reordered"]) == (None, 10, 0, None)
    assert (v6["rtt_us"], v6["state"], v6["p50_us"], v6["max_us"]) == ([20, 21, 22], "ok", 21, 22)


def test_a_name_that_did_not_resolve_is_a_result_with_its_reason(house: House) -> None:
    filled(house, runs=1)

    gone = house.get("results", server="gone", limit=1)["results"][0]

    assert (gone["state"], gone["address"], gone["family"], gone["rtt_us"]) == ("dns_failed", None, None, [])
    assert gone["details"] == {"error": "no such name"}


def test_filters_choose_by_name_uuid_and_time(house: House) -> None:
    known = filled(house)
    testers = {item["tester"]: item["tester_id"] for item in house.get("runs")["runs"]}

    assert {item["tester"] for item in house.get("runs", tester="oslo")["runs"]} == {"oslo"}
    assert {item["tester"] for item in house.get("runs", tester=testers["tokyo"])["runs"]} == {"tokyo"}
    assert len(house.get("runs", sweep_id=known["sweep"], state="complete")["runs"]) == 10
    assert len(house.get("runs", fleet="edge-latency")["runs"]) == 10
    since = (NOON + timedelta(minutes=1)).isoformat()
    until = (NOON + timedelta(minutes=3)).isoformat()
    times = {item["ts"] for item in house.get("results", since=since, until=until)["results"]}
    assert times == {"2026-03-01T12:01:00.000000Z", "2026-03-01T12:02:00.000000Z"}
    assert len(house.get("results", run_id=next(iter(known["runs"])))["results"]) == 3


def test_one_run_is_given_with_its_results(house: House) -> None:
    known = filled(house, runs=2)
    run_id = next(iter(known["runs"]))

    run = house.get(f"runs/{run_id}")

    assert (run["run_id"], run["stored"], run["state"], run["trusted"]) == (run_id, 3, "complete", True)
    assert run["engine"] == {"name": "icmplib"}
    assert {item["run_id"] for item in run["results"]} == {run_id}
    assert len(run["results"]) == 3
    assert run["next"] is None


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_that_was_tampered_with_is_refused(house: House, path: str) -> None:
    filled(house)
    cursor = house.get(path, limit=1)["next"]
    middle = len(cursor) // 2
    changed = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]
    other = house.get("servers" if path != "servers" else "runs", limit=1)["next"]
    forged = base64.urlsafe_b64encode(b"[1]").decode()

    for wrong in (changed, cursor[:-1], cursor + "A", other, forged, "", "%", "é", "x" * 9_000):
        status, body = house.refused(path, cursor=wrong)
        assert (status, body["error"]) == (400, "bad_cursor"), wrong
        assert body["message"] == f"cursor: not one that this list of {path} gave"


@pytest.mark.parametrize("limit", ["0", "-1", "10001", "many", "1e3", "9" * 50])
def test_a_limit_out_of_bounds_is_refused(house: House, limit: str) -> None:
    for path in LISTS:
        assert house.refused(path, limit=limit)[0] == 422


def test_rubbish_is_refused_with_a_hint_and_never_fails(house: House) -> None:
    filled(house, runs=1)
    hostile = ["\x00", "", "x" * 5_000, "'; DROP TABLE runs; --", "%", "\ud7ff\U0010ffff", str(uuid4())]

    for path in ("runs", "results", "servers", "matrix", "slow"):
        for text in hostile:
            assert house.refused(path, fleet=text)[0] in (400, 404)
    for text in hostile:
        assert house.refused("results", tester=text)[0] in (400, 404)
        assert house.refused("results", server=text)[0] in (400, 404)
        assert house.refused("path", tester="oslo", server=text)[0] in (400, 404)
        assert house.refused("path", tester="oslo", server="ams", address=text)[0] in (400, 404)
    for time in ("yesterday", "2026-03-01", "2026-03-01T12:00:00", "0001-01-01T00:00:00+14:00", "\x00", ""):
        for path in ("results", "matrix"):
            status, body = house.refused(path, since=time)
            assert status == 400
            assert body["message"] == "since: not an ISO 8601 time with an offset"
    assert (
        house.refused("results", since="2026-01-02T00:00:00Z", until="2026-01-01T00:00:00Z")[1]["message"]
        == "since is later than until"
    )
    assert house.refused("runs", state="sleeping")[0] == 422
    assert house.refused("results", format="xml")[0] == 422
    assert house.refused("slow", by="colour")[0] == 422
    assert house.refused("runs", sweep_id="1")[0] == 422
    assert house.refused("path")[0] == 422


def test_times_at_the_ends_of_the_calendar_are_times(house: House) -> None:
    filled(house, runs=1)

    assert house.get("results", since="9999-12-31T23:59:59Z")["results"] == []
    assert (
        len(house.get("results", since="0001-01-01T00:00:00Z", until="9999-12-31T23:59:59Z")["results"]) == 6
    )
    assert len(house.get("results", since="2026-03-01T13:00:00 01:00")["results"]) == 6


def test_what_is_unknown_is_not_found(house: House) -> None:
    house.fleet()

    for path, parameters, message in (
        ("runs", {"fleet": "nowhere"}, "there is no fleet nowhere"),
        ("results", {"tester": "nobody"}, "there is no tester nobody"),
        ("results", {"server": "nothing"}, "there is no server nothing"),
        (f"runs/{uuid4()}", {}, None),
        ("matrix", {"sweep_id": str(uuid4())}, None),
    ):
        status, body = house.refused(path, **parameters)
        assert status == 404
        assert message in (None, body["message"])


def test_a_name_of_two_fleets_is_a_conflict_that_lists_both(house: House) -> None:
    testers = []
    for name in ("north", "south"):
        fleet = house.fleet(name)
        testers.append(house.tester(fleet, "oslo"))
        house.report(testers[-1], house.sweep(fleet), Found(server="ams", rtt_us=[1]))

    status, body = house.refused("results", tester="oslo")
    assert status == 409
    assert sorted(body["ids"]) == sorted(str(tester) for tester in testers)
    status, body = house.refused("results", server="ams")
    assert (status, len(body["ids"])) == (409, 2)
    assert len(house.get("results", tester="oslo", fleet="north")["results"]) == 1
    assert house.refused("matrix")[1]["hint"] == "add fleet=, one of: north, south"


@pytest.mark.parametrize("path", LISTS)
def test_an_empty_collector_gives_an_empty_list_with_a_hint(house: House, path: str) -> None:
    body = house.get(path)

    assert body[path] == []
    assert body["next"] is None
    assert body["hint"]


def test_csv_holds_the_same_results(house: House) -> None:
    filled(house)

    answer = house.client.get("/api/v1/results", params={"format": "csv"})

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    results = house.get("results", limit=10_000)["results"]
    assert list(lines[0]) == list(results[0])
    for line, result in zip(lines, results, strict=True):
        assert json.loads(line["rtt_us"]) == result["rtt_us"]
        for key in ("ts", "run_id", "tester", "server", "state"):
            assert line[key] == result[key]
        for key in ("sent", "late", "p50_us", "address", "reordered"):
            assert line[key] == ("" if result[key] is None else str(result[key]))


def test_csv_with_a_limit_leads_on_by_a_header(house: House) -> None:
    filled(house)
    found: list[str] = []
    parameters: dict[str, Any] = {"format": "csv", "limit": 7}
    for _ in range(10):
        answer = house.client.get("/api/v1/results", params=parameters)
        found += [line["run_id"] + line["server_id"] for line in csv.DictReader(io.StringIO(answer.text))]
        if "next-cursor" not in answer.headers:
            break
        parameters["cursor"] = answer.headers["next-cursor"]

    assert found == [item["run_id"] + item["server_id"] for item in house.get("results")["results"]]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_spreadsheet_runs_what_a_tester_named(house: House, first: str) -> None:
    name = f"{first}cmd|'/c calc'!A1,\"x\""
    fleet = house.fleet()
    tester = house.tester(fleet, "oslo")
    house.report(
        tester,
        house.sweep(fleet),
        Found(server=name, group=name, rtt_us=[LOST, LOST], details={"error": name}),
    )

    answer = house.client.get("/api/v1/results", params={"format": "csv"})

    line = next(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert line["server"] == line["group"] == "'" + name
    assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for value in line.values())
    assert house.get("results", server=name)["results"][0]["server"] == name


def test_a_hostile_name_is_given_back_as_it_is(house: House) -> None:
    fleet = house.fleet("<script>")
    for name in ("ta\"b'", "Ω\u202e\U0001f600", "../../etc", "a,b;c", "%s{}"):
        tester = house.tester(fleet, name)
        house.report(tester, house.sweep(fleet), Found(server=name, rtt_us=[1]))

        assert (
            house.get("results", tester=name, server=name, fleet="<script>")["results"][0]["tester"] == name
        )
