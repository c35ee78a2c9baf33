"""Two sweeps compared: on worlds whose change is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.verdicts.difference import Change, Difference, difference
from collector.verdicts.medians import medians_of
from collector.verdicts.sides import Side, TwoSides, log_changes, newcombe
from collector.verdicts.thresholds import DEFAULTS
from tests.collector.verdicts.two_worlds import Changed, Noise, two_sweeps

SWEEPS = 20


def changed_in(sides: TwoSides, seed: int = 1) -> Difference:
    return difference(sides, thresholds=DEFAULTS, seed=seed)


def interval(change: Change) -> tuple[float, float]:
    assert change.ratio.low is not None
    assert change.ratio.high is not None
    return change.ratio.low, change.ratio.high


def test_a_region_that_grew_is_found_and_no_other_is_blamed() -> None:
    for seed in range(SWEEPS):
        found = changed_in(two_sweeps(seed, changed=Changed(region_ratio={3: 1.25})))
        low, high = interval(found.regions[0])
        assert found.regions[0].key == "r003"
        assert 0.10 < low < 0.25 < high
        assert [each.key for each in found.regions if interval(each)[0] > 0.10] == ["r003"]


def test_a_server_that_grew_is_blamed_on_the_server_and_on_no_region() -> None:
    for seed in range(SWEEPS):
        found = changed_in(two_sweeps(seed, changed=Changed(server_ms={4: 30.0})))
        assert found.servers[0].key == "s004"
        assert found.servers[0].stands
        assert found.servers[0].us.low is not None
        assert found.servers[0].us.high is not None
        # A queue of 12 % comes on top of what is added.
        assert 10_000 < found.servers[0].us.low < 33_600 < found.servers[0].us.high + 4_000
        assert not [each.key for each in found.regions if interval(each)[0] > 0.05]


def test_what_all_paths_grew_by_is_the_fleets_and_each_regions_as_well() -> None:
    found = changed_in(two_sweeps(5, changed=Changed(all_ratio=1.3)))

    assert found.fleet is not None
    assert found.fleet.ratio.value == pytest.approx(0.30, abs=0.02)
    assert all(each.ratio.value == pytest.approx(0.30, abs=0.1) for each in found.regions)
    assert all(each.ratio.value == pytest.approx(0.30, abs=0.1) for each in found.servers)


@pytest.mark.parametrize("noise", [Noise(), Noise(tester_run=0.05)], ids=["by path", "whole runs too"])
@pytest.mark.parametrize("runs", [1, 4])
def test_nine_of_ten_intervals_hold_the_truth_where_nothing_changed(runs: int, noise: Noise) -> None:
    held = {"regions": 0, "servers": 0, "paths": 0}
    counted = dict.fromkeys(held, 0)
    for seed in range(SWEEPS):
        found = changed_in(two_sweeps(100 + seed, regions=12, servers=8, runs=runs, noise=noise))
        for name in held:
            for change in getattr(found, name):
                low, high = interval(change)
                held[name] += low <= 0.0 <= high
                counted[name] += 1

    # 95 % are promised; 160 and more intervals, which share their sweep's noise, may miss it by some.
    assert {name: held[name] / counted[name] >= 0.90 for name in held} == dict.fromkeys(held, True)


def test_with_few_servers_the_order_of_probes_gives_the_interval() -> None:
    found = changed_in(two_sweeps(2, regions=2, servers=3, runs=3, changed=Changed(region_ratio={0: 1.6})))

    assert not found.is_split
    assert [each.key for each in found.regions] == ["r000", "r001"]
    assert not found.regions[0].by_items
    low, high = interval(found.regions[0])
    assert 0.2 < low < 0.6 < high


def test_a_region_that_is_lost_exceeds_all_and_comes_first() -> None:
    found = changed_in(two_sweeps(3, regions=6, servers=6, changed=Changed(lost_regions=(2,))))

    lost = found.regions[0]
    assert (lost.key, lost.is_lost, lost.note, lost.stands) == ("r002", True, "lost", True)
    assert (lost.ratio.value, lost.lost_count, lost.path_count) == (None, 6, 6)
    assert lost.loss.value == pytest.approx(1.0)
    assert (lost.after.p50_us, lost.after.p50_note) == (None, "lost")
    assert all(each.ratio.value is not None for each in found.regions[1:])
    back = changed_in(swapped(two_sweeps(3, regions=6, servers=6, changed=Changed(lost_regions=(2,)))))
    assert [(each.key, each.note) for each in back.regions if each.note] == [("r002", "was_lost")]


def test_the_same_probes_have_not_changed() -> None:
    sides = two_sweeps(8, regions=5, servers=6)
    found = changed_in(replace(sides, after=sides.before))

    assert all(
        each.ratio.value == 0.0 and not each.stands for each in (*found.regions, *found.servers, *found.paths)
    )


def test_too_few_probes_have_no_change_and_say_so() -> None:
    sides = one_path([10_000] * 5, [20_000] * 20)
    found = changed_in(sides)

    assert [(each.ratio.value, each.note) for each in found.paths] == [(None, "n/a")]
    assert (found.paths[0].before.p50_us, found.paths[0].before.n) == (None, 5)
    assert (found.paths[0].after.p50_us, found.paths[0].after.n) == (20_000, 20)


def test_no_path_in_common_is_no_difference() -> None:
    none = np.zeros(0, dtype=np.int64)
    side = Side(probes=[], blocks_us=np.zeros((1, 0)), blocks=none)
    found = changed_in(
        TwoSides(regions=[], testers=[], servers=[], tester=none, server=none, before=side, after=side)
    )

    assert found == Difference(fleet=None, regions=(), servers=(), paths=(), is_split=False)


def test_bounds_of_a_path_are_those_of_both_medians_at_their_worst() -> None:
    before, after = (
        medians_of([np.array(rtts, dtype="<i4").tobytes()], least=6)
        for rtts in (range(10_000, 10_020), range(20_000, 20_020))
    )
    found = log_changes(before, after)

    # Of 20 values the 6th and the 15th bound the median; it is the 10th.
    assert found.change[0] == pytest.approx(math.log(20_009 / 10_009))
    assert found.low[0] == pytest.approx(math.log(20_005 / 10_014))
    assert found.high[0] == pytest.approx(math.log(20_014 / 10_005))


def test_bounds_reach_as_far_as_lost_probes_do() -> None:
    some, many, all_lost = [100] * 14 + [-1] * 6, [100] * 11 + [-1] * 9, [-1] * 20
    found = {
        name: log_changes(*(medians_of([np.array(one, dtype="<i4").tobytes()], least=6) for one in pair))
        for name, pair in {
            "many lost after": ([100] * 20, many),
            "all lost after": ([100] * 20, all_lost),
            "many lost before": (many, [100] * 20),
            "all lost before": (all_lost, [100] * 20),
            "all lost twice": (all_lost, all_lost),
            "some lost after": ([100] * 20, some),
        }.items()
    }
    ends = {name: (float(one.low[0]), float(one.high[0])) for name, one in found.items()}

    inf = math.inf
    assert ends == {
        "many lost after": (0.0, inf),
        "all lost after": (inf, inf),
        "many lost before": (-inf, 0.0),
        "all lost before": (-inf, -inf),
        "all lost twice": (-inf, inf),
        "some lost after": (0.0, inf),
    }


def test_a_difference_of_shares_is_newcombes() -> None:
    # The first example of Newcombe 1998, table II: 56/70 − 48/80.
    found = newcombe((48 / 80, 0.490, 0.700), (56 / 70, 0.692, 0.877))

    assert found == pytest.approx((0.2, 0.0524, 0.3339), abs=0.002)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_has_no_part_in_a_change(seed: int) -> None:
    sides = two_sweeps(seed, regions=4, servers=5, runs=2)
    plain = changed_in(sides)
    order = np.random.default_rng(seed).permutation(len(sides.tester))
    mixed = changed_in(
        replace(
            sides,
            tester=sides.tester[order],
            server=sides.server[order],
            before=reordered(sides.before, order),
            after=reordered(sides.after, order),
        )
    )

    assert {each.key: each.ratio for each in mixed.paths} == {each.key: each.ratio for each in plain.paths}
    for one, two in zip(plain.regions, mixed.regions, strict=True):
        assert one.key == two.key
        assert one.ratio.low == pytest.approx(two.ratio.low)
        assert one.ratio.high == pytest.approx(two.ratio.high)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), regions=st.integers(1, 6), servers=st.integers(1, 6))
def test_a_change_lies_within_its_interval(seed: int, regions: int, servers: int) -> None:
    found = changed_in(two_sweeps(seed, regions=regions, servers=servers, runs=1 + seed % 3))

    assert found.fleet is not None
    for change in (found.fleet, *found.regions, *found.servers, *found.paths):
        for estimate in (change.ratio, change.us):
            assert estimate.value is not None
            assert estimate.low is None or estimate.low <= estimate.value
            assert estimate.high is None or estimate.value <= estimate.high


def one_path(before: list[int], after: list[int]) -> TwoSides:
    sides = two_sweeps(1, regions=1, servers=1)
    return replace(
        sides,
        before=replace(sides.before, probes=[np.array(before, dtype="<i4").tobytes()]),
        after=replace(sides.after, probes=[np.array(after, dtype="<i4").tobytes()]),
    )


def swapped(sides: TwoSides) -> TwoSides:
    return replace(sides, before=sides.after, after=sides.before)


def reordered(side: Side, order: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Side:
    return Side(
        probes=[side.probes[place] for place in order.tolist()],
        blocks_us=side.blocks_us[:, order],
        blocks=side.blocks[order],
    )
