"""Two sweeps compared: what the answer says, against a recomputation by hand, on both engines."""

import math
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.collector.reads.a_house import NOON, Found, House
from tests.collector.reads.naive import naive_figures
from wire.report import LOST

REGIONS, SERVERS, RUNS = 4, 6, 2
HOSTILE = "<script>alert(1)</script>'; DROP TABLE runs; --\x1b[31m\u202e" + "x" * 150

Probes = dict[tuple[str, str], list[int]]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Two sweeps of a fleet, and every probe of theirs by tester and server."""

    house: House
    before: UUID
    after: UUID
    probes: tuple[Probes, Probes]

    def diff(self) -> dict[str, Any]:
        return self.house.get("diff", a=str(self.before), b=str(self.after))


def measured(house: House, *, grown: dict[str, float], lost: tuple[str, ...] = ()) -> Measured:
    """Region r2 is `grown`'s factor slower in the second sweep, and so on; `lost` regions lose all."""
    fleet = house.fleet()
    testers = {
        f"t{number}": house.tester(fleet, f"t{number}", location={"region": f"r{number}"})
        for number in range(REGIONS)
    }
    rng = random.Random(7)
    sweeps, found = [], []
    for side in range(2):
        sweep = house.sweep(fleet, started_at=NOON + timedelta(hours=side))
        probes: Probes = defaultdict(list)
        for index in range(RUNS):
            for number, (name, tester) in enumerate(testers.items()):
                rows = []
                for server in range(SERVERS):
                    base = 20_000 + 5_000 * ((number * 7 + server * 5) % 11)
                    factor = grown.get(f"r{number}", 1.0) * grown.get(f"s{server}", 1.0) if side else 1.0
                    rtts = [int(base * factor * rng.uniform(1.0, 1.02)) for _ in range(10)]
                    if side and f"r{number}" in lost:
                        rtts = [LOST] * 10
                    probes[name, f"s{server}"] += rtts
                    rows.append(Found(server=f"s{server}", address=f"192.0.2.{server}", rtt_us=rtts))
                start = NOON + timedelta(hours=side, minutes=5 * index)
                house.report(tester, sweep, *rows, index=index, started_at=start)
        sweeps.append(sweep)
        found.append(probes)
    return Measured(house=house, before=sweeps[0], after=sweeps[1], probes=(found[0], found[1]))


def test_figures_are_those_of_the_probes(house: House) -> None:
    made = measured(house, grown={"r2": 1.3, "s4": 1.5})
    body = made.diff()

    assert (len(body["paths"]), len(body["regions"]), len(body["servers"])) == (24, 4, 6)
    for path in body["paths"]:
        sides = [naive_figures(probes[path["tester"], path["server"]]) for probes in made.probes]
        for side, naive in zip(("before", "after"), sides, strict=True):
            assert path[side] == {key: naive[key] for key in path[side]}
        assert path["change_ratio"] == pytest.approx(sides[1]["p50_us"] / sides[0]["p50_us"] - 1)
        assert path["change_us"] == pytest.approx(sides[1]["p50_us"] - sides[0]["p50_us"])
    for region in body["regions"]:
        of_region = [each for each in made.probes[0] if each[0] == f"t{region['key'][1:]}"]
        for side, probes in zip(("before", "after"), made.probes, strict=True):
            naive = naive_figures([rtt for each in of_region for rtt in probes[each]])
            assert region[side] == {key: naive[key] for key in region[side]}


def test_a_region_and_a_server_that_grew_are_told_apart(house: House) -> None:
    body = measured(house, grown={"r2": 1.3, "s4": 1.5}).diff()

    assert body["is_split"]
    regions = {each["key"]: each for each in body["regions"]}
    servers = {each["server"]: each for each in body["servers"]}
    # By hand: without s4, which all regions see grown, r2's other servers grew by 30 %.
    logs = {
        (each["region"], each["server"]): math.log(each["after"]["p50_us"] / each["before"]["p50_us"])
        for each in body["paths"]
    }
    by_hand = {
        region: math.expm1(median(logs[region, server] for server in servers if server != "s4"))
        for region in regions
    }
    for name, region in regions.items():
        assert region["change_ratio"] == pytest.approx(by_hand[name], abs=0.01)
        assert region["change_ratio_low"] <= region["change_ratio"] <= region["change_ratio_high"]
    assert body["regions"][0]["key"] == "r2"
    assert regions["r2"]["change_ratio_low"] > 0.2
    assert regions["r2"]["by_items"]
    assert servers["s4"]["change_ratio"] == pytest.approx(0.5, abs=0.03)
    assert body["servers"][0]["server"] == "s4"
    assert [key for key, each in regions.items() if each["change_ratio_low"] > 0.05] == ["r2"]


def test_the_same_question_has_the_same_answer(house: House) -> None:
    made = measured(house, grown={"r1": 1.2})

    assert made.diff() == made.diff()


def test_a_region_that_is_lost_has_no_number_and_says_so(house: House) -> None:
    body = measured(house, grown={}, lost=("r1",)).diff()

    lost = body["regions"][0]
    assert (lost["key"], lost["is_lost"], lost["note"], lost["change_ratio"]) == ("r1", True, "lost", None)
    assert (lost["lost_count"], lost["path_count"]) == (6, 6)
    assert lost["after"]["loss_ratio"] == 1.0
    assert lost["change_loss_low"] > 0.9


def test_runs_that_are_not_trusted_have_no_part(house: House) -> None:
    made = measured(house, grown={})
    tester = UUID(house.get("testers")["testers"][0]["tester_id"])
    bad = Found(server="s0", address="192.0.2.0", rtt_us=[900_000] * 20)
    before = made.diff()
    house.report(
        tester, made.after, bad, index=9, started_at=NOON + timedelta(hours=2),
        health={"trusted": False, "reason": "steal"},
    )  # fmt: skip

    body = made.diff()

    assert body["paths"] == before["paths"]
    assert body["after"]["left_out_count"] == 1
    assert body["after"]["left_out"][0]["reason"] == "steal"


def test_paths_of_one_sweep_alone_are_named(house: House) -> None:
    fleet = house.fleet()
    tester = house.tester(fleet, HOSTILE)
    sweeps = []
    for side, address in enumerate(("192.0.2.1", "192.0.2.2")):
        sweep = house.sweep(fleet, started_at=NOON + timedelta(hours=side))
        house.report(
            tester, sweep, Found(server="moved", address=address, rtt_us=[100] * 20),
            Found(server="silent", address="192.0.2.9", rtt_us=[LOST] * 20),
            started_at=NOON + timedelta(hours=side),
        )  # fmt: skip
        sweeps.append(str(sweep))

    body = house.get("diff", a=sweeps[0], b=sweeps[1])

    assert [(each["tester"], each["address"]) for each in body["only_before"]] == [(HOSTILE, "192.0.2.1")]
    assert [each["address"] for each in body["only_after"]] == ["192.0.2.2"]
    silent = body["paths"][0]
    assert (silent["server"], silent["change_ratio"], silent["note"]) == ("silent", None, "n/a")
    assert (silent["after"]["p50_note"], silent["is_lost"]) == ("lost", False)


def test_sweeps_without_results_say_so(house: House) -> None:
    fleet = house.fleet()
    one, two = house.sweep(fleet), house.sweep(fleet)

    body = house.get("diff", a=str(one), b=str(two))

    assert (body["regions"], body["all_paths"]) == ([], None)
    assert "no results of a trusted run" in body["hint"]


def test_rubbish_is_refused_with_a_hint(house: House) -> None:
    fleet, other = house.fleet(), house.fleet("other")
    one, two = str(house.sweep(fleet)), str(house.sweep(other))

    assert house.refused("diff", a=one, b=one)[0] == 400
    assert house.refused("diff", a=one, b=two)[0] == 400
    assert house.refused("diff", a=one, b=str(uuid4()))[0] == 404
    assert house.refused("diff", a="last", b=one)[0] == 422
    assert house.refused("diff", a=one)[0] == 422
