import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from collector.tables import ping_results
from tests.collector.reads.a_house import ADMIN, NOON, Found, House
from tests.collector.reads.naive import naive_figures
from wire.identity import run_id_of
from wire.report import LATE, LOST, NOT_SENT

BAD = {"trusted": False, "reason": "clock stepped"}


def cell_of(body: dict[str, Any], tester: str, server: str, address: str | None = "192.0.2.1") -> Any:
    row = [item["name"] for item in body["testers"]].index(tester)
    column = [(item["name"], item["address"]) for item in body["servers"]].index((server, address))
    return body["cells"][row][column]


def a_row(rng: random.Random, count: int) -> list[int]:
    return [
        rng.choice([rng.randrange(50_000), rng.randrange(50_000), LOST, LATE, NOT_SENT]) for _ in range(count)
    ]


def test_cells_pool_the_probes_of_all_runs(house: House) -> None:
    rng = random.Random(7)
    fleet = house.fleet()
    sweep = house.sweep(fleet)
    pooled: dict[tuple[str, str], list[int]] = {}
    for name in ("oslo", "tokyo", "lima"):
        tester = house.tester(fleet, name)
        for index in range(4):
            rows = {server: a_row(rng, rng.randrange(1, 40)) for server in ("ams", "dub", "sin")}
            for server, row in rows.items():
                pooled.setdefault((name, server), []).extend(row)
            house.report(
                tester,
                sweep,
                *(Found(server=server, rtt_us=row) for server, row in rows.items()),
                index=index,
                started_at=NOON + timedelta(minutes=index),
            )

    body = house.get("matrix")

    assert (body["fleet"], body["sweep_id"]) == ("edge-latency", str(sweep))
    assert (body["since"], body["until"]) == ("2026-03-01T12:00:00.000000Z", "2026-03-01T12:03:00.000000Z")
    assert [item["name"] for item in body["testers"]] == ["lima", "oslo", "tokyo"]
    for (tester_name, server), probes in pooled.items():
        cell = cell_of(body, tester_name, server)
        expected = naive_figures(probes)
        assert {key: cell[key] for key in expected} == pytest.approx(expected)
        assert cell["runs"] == 4


def test_each_state_of_a_path_is_told(house: House) -> None:
    fleet = house.fleet()
    sweep = house.sweep(fleet)
    found = {
        "ok": [5] * 6,
        "lossy": [5] * 5 + [LOST],
        "lost": [LOST] * 6,
        "late_only": [LOST] * 5 + [LATE],
        "not_run": [NOT_SENT] * 6,
        "insufficient": [5] * 3,
    }
    house.report(
        house.tester(fleet, "oslo"),
        sweep,
        *(Found(server=state, rtt_us=row) for state, row in found.items()),
        Found(server="dns_failed", address=None),
    )
    bad = house.tester(fleet, "tokyo")
    house.report(bad, sweep, Found(server="ok", rtt_us=[5] * 6), health=BAD)

    body = house.get("matrix", sweep_id=sweep)

    for state in found:
        assert cell_of(body, "oslo", state)["state"] == state
    assert cell_of(body, "oslo", "dns_failed", None)["state"] == "dns_failed"
    assert cell_of(body, "oslo", "lost")["loss_ratio"] == 1.0
    assert cell_of(body, "oslo", "lost")["p50_note"] == "lost"
    assert cell_of(body, "oslo", "lost")["p50_us"] is None
    assert cell_of(body, "tokyo", "ok")["state"] == "tester_bad"
    assert cell_of(body, "tokyo", "lost") is None
    heads = {item["name"]: (item["trusted"], item["reason"]) for item in body["testers"]}
    assert heads == {"oslo": (True, None), "tokyo": (False, "clock stepped")}


def test_a_cell_rests_on_its_trusted_runs_where_it_has_any(house: House) -> None:
    fleet = house.fleet()
    sweep = house.sweep(fleet)
    tester = house.tester(fleet, "oslo")
    house.report(tester, sweep, Found(server="ams", rtt_us=[10] * 6))
    house.report(tester, sweep, Found(server="ams", rtt_us=[LOST] * 6), index=1, health=BAD)

    body = house.get("matrix")

    cell = cell_of(body, "oslo", "ams")
    assert (cell["state"], cell["runs"], cell["n"], cell["p50_us"]) == ("ok", 1, 6, 10)
    assert body["testers"][0]["trusted"] is True
    assert body["testers"][0]["reason"] == "1 of 2 runs left out: clock stepped"


def test_the_newest_sweep_is_shown_unless_another_window_is_asked_for(house: House) -> None:
    fleet = house.fleet()
    tester = house.tester(fleet, "oslo")
    sweeps = []
    for day in (0, 1):
        began = NOON + timedelta(days=day)
        sweeps.append(house.sweep(fleet, started_at=began))
        house.report(tester, sweeps[-1], Found(server="ams", rtt_us=[day + 1] * 6), started_at=began)

    assert cell_of(house.get("matrix"), "oslo", "ams")["p50_us"] == 2
    assert cell_of(house.get("matrix", sweep_id=sweeps[0]), "oslo", "ams")["p50_us"] == 1
    both = house.get("matrix", since=NOON.isoformat())
    assert (both["sweep_id"], cell_of(both, "oslo", "ams")["runs"]) == (None, 2)
    early = house.get("matrix", until=(NOON + timedelta(hours=1)).isoformat())
    assert cell_of(early, "oslo", "ams")["p50_us"] == 1


def test_a_tester_without_a_result_keeps_its_row(house: House) -> None:
    fleet = house.fleet()
    sweep = house.sweep(fleet)
    house.report(house.tester(fleet, "oslo"), sweep, Found(server="ams", rtt_us=[10] * 6))
    gone = house.tester(fleet, "tokyo")
    abandon(house, gone, sweep)

    body = house.get("matrix")

    assert [item["name"] for item in body["testers"]] == ["oslo", "tokyo"]
    assert body["cells"][1] == [None]
    assert house.get("slow")["left_out"] == [
        {
            "tester": "tokyo",
            "run_id": str(run_id_of(sweep_id=sweep, tester_id=gone, index=0)),
            "reason": "host gone",
        }
    ]


def abandon(house: House, tester: UUID, sweep: UUID) -> None:
    run_id = run_id_of(sweep_id=sweep, tester_id=tester, index=0)
    answer = house.client.post(
        f"/api/v1/runs/{run_id}/abandon",
        json={"tester_id": str(tester), "sweep_id": str(sweep), "index": 0, "of": 1, "reason": "host gone"},
        auth=ADMIN,
    )
    assert answer.status_code == 200, answer.text


def test_an_empty_collector_has_an_empty_matrix_with_a_hint(house: House) -> None:
    body = house.get("matrix")

    assert (body["testers"], body["servers"], body["cells"], body["fleet"]) == ([], [], [], None)
    assert body["hint"] == "no fleet is registered; `orchestrate up` registers one"
    house.fleet()
    assert house.get("matrix")["hint"] == "nothing was measured; `orchestrate up` begins a sweep"
    house.sweep(UUID(house.get("fleets")["fleets"][0]["fleet_id"]))
    assert house.get("matrix")["hint"].startswith("no result is stored in this window")


def test_figures_of_the_cells_leave_the_stored_rows_alone(house: House) -> None:
    fleet = house.fleet()
    house.report(house.tester(fleet, "oslo"), house.sweep(fleet), Found(server="ams", rtt_us=[10] * 6))
    for path in ("matrix", "slow", "results", "runs"):
        house.get(path)

    with house.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(ping_results)).scalar() == 1
