"""Verdicts from the first report to the answer, on both engines."""

import random
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from collector.history.rollups import Roller
from collector.tables import verdicts
from collector.verdicts.evaluate import Judge
from collector.verdicts.thresholds import DEFAULTS
from tests.collector.reads.a_house import ADMIN, NOON, Found, House
from wire.report import LOST

REGIONS = 4
SERVERS = 6
HISTORY_H = tuple(range(24 * 5, 24 * 5 - 10, -1))
"""Ten hours of runs, five days ago."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A fleet with a past."""

    house: House
    fleet: UUID
    testers: list[UUID]

    def round(self, sweep: UUID, index: int, at: datetime, **slow_ms: float) -> None:
        """Every tester reports a run; `r0=10.0` adds as much to a region, `s0=10.0` to a server."""
        rng = random.Random(f"{index}{at}")
        for number, tester in enumerate(self.testers):
            found = []
            for server in range(SERVERS):
                base = 40_000 + 3_000 * ((number * 7 + server * 5) % 11)
                base += int(1_000 * (slow_ms.get(f"r{number}", 0.0) + slow_ms.get(f"s{server}", 0.0)))
                lost = slow_ms.get(f"lost{number}", 0.0)
                rtts = [LOST if place < lost else base + rng.randrange(1_000) for place in range(20)]
                found.append(Found(server=f"s{server}", address=f"192.0.2.{server}", rtt_us=rtts))
            self.house.report(tester, sweep, *found, index=index, started_at=at)

    def finish(self, sweep: UUID) -> None:
        answer = self.house.client.post(
            f"/api/v1/sweeps/{sweep}/finish", json={"outcome": "complete"}, auth=ADMIN
        )
        assert answer.status_code == 200, answer.text

    def sweep(self, at: datetime, *rounds: dict[str, float]) -> UUID:
        sweep = self.house.sweep(self.fleet, started_at=at)
        for index, slow_ms in enumerate(rounds):
            self.round(sweep, index, at + timedelta(minutes=5 * index), **slow_ms)
        self.finish(sweep)
        return sweep


def a_past(house: House) -> Measured:
    fleet = house.fleet()
    testers = [
        house.tester(fleet, f"t{number}", location={"region": f"r{number}"}) for number in range(REGIONS)
    ]
    found = Measured(house=house, fleet=fleet, testers=testers)
    past = house.sweep(fleet, started_at=NOON - timedelta(hours=HISTORY_H[0]))
    for index, hours in enumerate(HISTORY_H):
        found.round(past, index, NOON - timedelta(hours=hours))
    Roller(house.engine).roll_up(datetime.now(UTC))
    return found


def words(house: House, **asked: object) -> dict[str, str]:
    return {item["region"]: item["verdict"] for item in house.get("slow", **asked)["regions"]}


SLOW_ONE = {"r0": 25.0}


def test_a_region_becomes_slow_stays_so_and_recovers(house: House) -> None:
    measured = a_past(house)

    first = measured.sweep(NOON, {}, {}, SLOW_ONE)
    assert words(house, sweep_id=first) == {"r0": "watch", "r1": "ok", "r2": "ok", "r3": "ok"}
    second = measured.sweep(NOON + timedelta(hours=1), SLOW_ONE)
    assert words(house, sweep_id=second)["r0"] == "slow"
    third = measured.sweep(NOON + timedelta(hours=2), SLOW_ONE)

    body = house.get("slow")
    region = next(item for item in body["regions"] if item["region"] == "r0")
    assert body["verdict_round"]["sweep_id"] == str(third)
    assert body["verdict_round"]["settings_version"] == DEFAULTS.version
    assert (region["verdict"], region["slow"]) == ("slow", True)
    assert region["verdict_since"] == "2026-03-01T13:00:00.000000Z"
    assert region["change_us"] == pytest.approx(25_000, rel=0.1)
    assert region["change_low"] < region["change_ratio"] < region["change_high"]
    assert region["sentence"].startswith("r0 SLOW +")
    assert "6/6 servers, 3/3 rounds, 0/120 lost (≤ 3.1 %)" in region["sentence"]

    measured.sweep(NOON + timedelta(hours=3), {}, {}, {})
    history = house.get("verdicts", scope="region", key="r0")["verdicts"]
    assert [item["verdict"] for item in history] == [
        "ok", "recovered", "slow", "slow", "slow", "watch", "ok", "ok",
    ]  # fmt: skip


def test_a_slow_server_is_blamed_and_no_region(house: House) -> None:
    measured = a_past(house)
    # Four regions are too few for a verdict on a server, not for one on themselves.
    measured.sweep(NOON, *({"s0": 30.0} for _ in range(3)))

    assert words(house) == {"r0": "ok", "r1": "ok", "r2": "ok", "r3": "ok"}


def test_a_round_is_judged_once_however_many_collectors_judge(house: House) -> None:
    measured = a_past(house)
    sweep = house.sweep(measured.fleet)
    measured.round(sweep, 0, NOON)
    later = datetime.now(UTC) + timedelta(minutes=3)
    judges = [Judge(house.engine, DEFAULTS) for _ in range(4)]
    done: list[int] = []

    threads = [
        threading.Thread(target=lambda one=judge: done.append(one.judge_due(later, sweep_id=sweep)))
        for judge in judges
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(done) == 1
    assert judges[0].judge_due(later, sweep_id=sweep) == 0
    found = house.get("verdicts", sweep_id=sweep, scope="region")["verdicts"]
    assert sorted(item["key"] for item in found) == ["r0", "r1", "r2", "r3"]


def test_a_round_that_goes_on_is_not_judged_before_it_has_been_quiet(house: House) -> None:
    measured = a_past(house)
    sweep = house.sweep(measured.fleet)
    measured.round(sweep, 0, NOON)
    judge = Judge(house.engine, DEFAULTS)

    assert judge.judge_due(datetime.now(UTC), sweep_id=sweep) == 0
    assert judge.judge_due(datetime.now(UTC) + timedelta(minutes=3), sweep_id=sweep) == 1


def test_paths_are_judged_where_servers_are_few_and_say_what_is_missing(house: House) -> None:
    fleet = house.fleet()
    tester = house.tester(fleet, "oslo", location={"region": "north"})
    past = house.sweep(fleet)

    def run(sweep: UUID, index: int, at: datetime, rtt_us: int, address: str = "192.0.2.1") -> None:
        row = [rtt_us + place for place in range(20)]
        house.report(
            tester, sweep, Found(server="va", address=address, rtt_us=row), index=index, started_at=at
        )

    for index in range(5):
        run(past, index, NOON - timedelta(days=1, hours=index), 50_000)
    sweep = house.sweep(fleet)
    for index in range(3):
        run(sweep, index, NOON + timedelta(minutes=index), 70_000)
    moved = house.sweep(fleet, started_at=NOON + timedelta(hours=1))
    run(moved, 0, NOON + timedelta(hours=1), 70_000, address="192.0.2.77")
    for one in (sweep, moved):
        house.client.post(f"/api/v1/sweeps/{one}/finish", json={"outcome": "complete"}, auth=ADMIN)

    body = house.get("slow", sweep_id=sweep)
    assert (body["regions"][0]["verdict"], body["regions"][0]["missing"]) == (
        "insufficient",
        ["1 of 5 servers"],
    )
    assert body["paths"][0]["verdict"] == "slow"
    assert body["paths"][0]["sentence"].startswith("oslo → va (192.0.2.1) SLOW +40 % (CI 40–40), +20 ms")
    moved_body = house.get("slow", sweep_id=moved)
    assert [moved_body[kind][0]["verdict"] for kind in ("regions", "paths")] == ["moved", "moved"]


def test_an_untrusted_run_and_a_fleet_without_a_past_are_said_to_be_so(house: House) -> None:
    fleet = house.fleet()
    good, bad = (house.tester(fleet, name, location={"region": name}) for name in ("good", "bad"))
    sweep = house.sweep(fleet)
    row = Found(server="va", rtt_us=[5_000] * 20)
    house.report(good, sweep, row)
    house.report(bad, sweep, row, health={"trusted": False, "reason": "the clock steps"})
    house.client.post(f"/api/v1/sweeps/{sweep}/finish", json={"outcome": "complete"}, auth=ADMIN)

    found = house.get("verdicts", scope="region")["verdicts"]

    assert {item["key"]: item["verdict"] for item in found} == {"good": "no_baseline", "bad": "untrusted"}


def test_pages_of_verdicts_hold_each_once(house: House) -> None:
    measured = a_past(house)
    measured.sweep(NOON, {}, SLOW_ONE)

    whole = house.get("verdicts")["verdicts"]
    found: list[object] = []
    cursor: dict[str, str] = {}
    while True:
        page = house.get("verdicts", limit=3, **cursor)
        found += page["verdicts"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}

    assert found == whole
    assert len(whole) > 6
    assert house.get("verdicts", verdict="slow")["verdicts"] == []
    assert house.refused("verdicts", cursor="rubbish")[0] == 400


def test_the_number_of_queries_does_not_grow_with_the_fleet(house: House) -> None:
    measured = a_past(house)
    sweep = house.sweep(measured.fleet)
    for index in range(3):
        measured.round(sweep, index, NOON + timedelta(minutes=index))
    asked = []
    sa.event.listen(house.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    Judge(house.engine, DEFAULTS).judge_due(datetime.now(UTC) + timedelta(minutes=3), sweep_id=sweep)

    # Three rounds; none of it goes by tester, server or path.
    assert len(asked) <= 3 * 30
    with house.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count(sa.distinct(verdicts.c.round)))).scalar() == 3
