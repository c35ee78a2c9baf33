import math
from typing import Any

import pytest

from orchestrator.errors import ConfigurationError
from orchestrator.findings.comparison import Key, Probes, compared, probes_by_path
from orchestrator.findings.fail_on import judged
from orchestrator.findings.limit import Limit, exceeded, limit_of, undecided
from orchestrator.findings.median import median_of, rank_of_low

REGIONS = {"oslo": "eu-north-1"}


def ranking(paths: list[dict[str, Any]], floor_ratio: float | None = None) -> dict[str, Any]:
    return {"regions": [{"region": "eu", "floor_ratio": floor_ratio}], "paths": paths}


def path(server: str, *, loss_low: float | None) -> dict[str, Any]:
    return {"region": "eu", "tester": "t", "server": server, "loss_low": loss_low, "n": 100, "answered": 90}


def test_slow_cannot_be_found_before_there_is_a_baseline() -> None:
    judgement = judged(ranking([path("a", loss_low=0.5)]), kind="slow")

    assert judgement.found == ()
    assert judgement.missing is not None
    assert "no baseline verdict exists yet" in judgement.missing


def told(region: dict[str, Any], *paths: dict[str, Any], fleet: bool = False) -> dict[str, Any]:
    """What `/slow` answers where a round was judged."""
    of_fleet = {"slow": fleet, "sentence": "all paths SLOW", "verdict": "slow" if fleet else "ok"}
    return {
        "regions": [{"region": "eu", "floor_ratio": 3.5, "missing": [], **region}],
        "paths": [{**path("a", loss_low=0.5), **one} for one in paths],
        "verdict_round": {"fleet": of_fleet, "servers": []},
    }


SLOW = {"verdict": "slow", "slow": True, "lossy": False, "sentence": "eu SLOW +18 %"}
UNSURE = {"verdict": "insufficient", "slow": False, "lossy": False, "missing": ["2 of 5 servers"]}


def test_a_slow_verdict_is_found_by_its_sentence() -> None:
    assert judged(told(SLOW), kind="slow").found == ("eu SLOW +18 %",)
    assert judged(told(SLOW), kind="slow").missing is None
    assert judged(told({**SLOW, "verdict": "ok", "slow": False}), kind="slow").found == ()
    assert judged(told({**SLOW, "slow": False}, fleet=True), kind="slow").found == ("all paths SLOW",)


def test_an_insufficient_verdict_is_no_finding_and_says_what_is_missing() -> None:
    judgement = judged(told(UNSURE), kind="slow")

    assert (judgement.found, judgement.missing) == ((), "eu insufficient (2 of 5 servers)")


def test_the_paths_of_an_insufficient_region_speak_for_it() -> None:
    slow_path = {"verdict": "slow", "slow": True, "lossy": False, "sentence": "t → a SLOW"}

    judgement = judged(told(UNSURE, slow_path), kind="slow")

    assert (judgement.found, judgement.missing) == (("t → a SLOW",), None)


def test_loss_goes_by_the_verdict_and_by_the_figures_where_there_is_none() -> None:
    fine = {"verdict": "ok", "slow": False, "lossy": False, "sentence": "fine"}

    assert judged(told(fine, {}), kind="lossy").found == ()
    assert judged(told({**fine, "lossy": True}, {}), kind="lossy").found == ("fine",)
    assert judged(told(UNSURE, {}), kind="lossy").found == (
        "path t → a is lossy: 10 of 100 probes lost, at least 50.0 %",
    )


def test_structure_goes_by_the_verdict_as_the_collector_has_the_limit() -> None:
    assert judged(told({**SLOW, "structural": False}), kind="structural").found == ()
    assert len(judged(told({**SLOW, "structural": True}), kind="structural").found) == 1


def test_a_region_is_lossy_on_three_servers_and_not_on_two() -> None:
    bad = [path(name, loss_low=0.02) for name in "ab"]

    assert judged(ranking([*bad, path("c", loss_low=0.0)]), kind="lossy").found == ()
    assert judged(ranking([*bad, path("c", loss_low=0.02)]), kind="lossy").found == (
        "region eu is lossy: more than 1 % lost on 3 servers",
    )


def test_a_region_of_few_servers_is_judged_by_its_paths() -> None:
    assert judged(ranking([path("a", loss_low=0.05)]), kind="lossy").found == (
        "path t → a is lossy: 10 of 100 probes lost, at least 5.0 %",
    )


def test_a_loss_that_may_be_one_percent_is_no_finding() -> None:
    assert judged(ranking([path("a", loss_low=0.01)]), kind="lossy").found == ()


def test_structure_is_found_above_three_times_the_floor_and_unknown_without_locations() -> None:
    assert judged(ranking([], floor_ratio=3.0), kind="structural").found == ()
    assert judged(ranking([], floor_ratio=3.1), kind="structural").found == (
        "region eu is slow by structure: 3.1 × its floor",
    )
    assert judged(ranking([]), kind="structural").missing is not None


@pytest.mark.parametrize(("n", "rank"), [(6, 1), (8, 1), (9, 2), (20, 6), (100, 40)])
def test_the_ranks_are_those_of_the_tables(n: int, rank: int) -> None:
    # Conover, Practical Nonparametric Statistics, 3.2.
    assert rank_of_low(n) == rank


def test_the_approximation_joins_the_exact_ranks() -> None:
    assert abs(rank_of_low(1_000) - rank_of_low(1_001)) <= 1


def test_lost_probes_count_as_infinite() -> None:
    median = median_of([10] * 4, lost=6)

    assert median is not None
    assert math.isinf(median.p50_us)
    assert median_of([10] * 5, lost=0) is None


def sweep(us: int, *, n: int = 40, lost: int = 0) -> dict[tuple[str, ...], Probes]:
    return {("oslo", "a", "127.0.0.1"): Probes(rtts_us=[us + step for step in range(n)], lost=lost)}


def test_growth_beyond_the_limit_is_found_and_growth_within_it_is_not() -> None:
    comparison = compared(sweep(10_000), sweep(12_000), region_of=REGIONS)

    assert exceeded(comparison, limit_of("region>10%")) == (
        "region eu-north-1: p50 grew by at least 19.8 %, the limit is 10 %",
    )
    assert exceeded(comparison, limit_of("path > 3ms")) == ()
    assert exceeded(comparison, limit_of("server>1.5ms")) != ()


def test_an_interval_that_holds_the_limit_does_not_fail() -> None:
    before: dict[Key, Probes] = {("oslo", "a", "x"): Probes(rtts_us=list(range(9_000, 11_000, 50)))}
    after: dict[Key, Probes] = {("oslo", "a", "x"): Probes(rtts_us=list(range(10_000, 12_500, 50)))}
    comparison = compared(before, after, region_of=REGIONS)
    [change] = comparison.of("path")

    assert change.ratio is not None
    assert change.ratio > 0.1
    assert exceeded(comparison, limit_of("path>10%")) == ()


def test_what_is_lost_altogether_exceeds_every_limit() -> None:
    comparison = compared(sweep(10_000), sweep(0, n=0, lost=40), region_of=REGIONS)

    assert exceeded(comparison, limit_of("path>1000%")) == (
        "path oslo → a 127.0.0.1: p50 is lost, the limit is 1000 %",
    )


def test_too_few_probes_decide_nothing() -> None:
    comparison = compared(sweep(10_000, n=3), sweep(90_000, n=3), region_of=REGIONS)

    assert exceeded(comparison, limit_of("region>1%")) == ()
    assert undecided(comparison, limit_of("region>1%")) == ("eu-north-1",)


def test_paths_of_one_sweep_only_are_named_and_not_compared() -> None:
    other = {("oslo", "b", "127.0.0.2"): Probes(rtts_us=[1] * 10)}

    comparison = compared(sweep(10), sweep(10) | other, region_of=REGIONS)

    assert comparison.only_after == ("oslo → b 127.0.0.2",)
    assert len(comparison.of("path")) == 1


def test_untrusted_runs_and_probes_that_were_not_sent_stay_out() -> None:
    row = {"tester": "oslo", "server": "a", "address": "x", "rtt_us": [5, -1, -2, -3]}

    found = probes_by_path([{"run_id": "good", **row}, {"run_id": "bad", **row}], untrusted={"bad"})

    assert found == {("oslo", "a", "x"): Probes(rtts_us=[5], lost=2)}


@pytest.mark.parametrize(
    "text", ["", "region", "region>ten%", "planet>10%", "region<10%", "region>10", "region>-1%"]
)
def test_rubbish_is_no_limit(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a limit"):
        limit_of(text)


def test_a_limit_may_have_spaces_and_fractions() -> None:
    assert limit_of(" path > 2.5 ms ") == Limit(kind="path", most=2.5, unit="ms")
