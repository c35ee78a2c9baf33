from typing import Any

from orchestrator.findings.fail_on import judged


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
