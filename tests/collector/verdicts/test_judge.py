"""Verdicts on facts that a person can check."""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from collector.verdicts.fleet import Fleet, TesterOf
from collector.verdicts.judge import judged, seed_of
from collector.verdicts.medians import interval_rank, medians_of
from collector.verdicts.resample import discoveries, spread_of
from collector.verdicts.rounds import RoundFacts
from collector.verdicts.thresholds import DEFAULTS
from collector.verdicts.verdict import Scope, Verdict, VerdictFigures, Word
from tests.collector.verdicts.a_fleet import a_fleet, a_round, noisy


def verdict_on(fleet: Fleet, key: str, scope: Scope = Scope.REGION, *, before: Word | None = None) -> Verdict:
    past = {} if before is None else {(scope, key): before}
    found = judged(fleet, thresholds=DEFAULTS, seed=7, before=past)
    return next(verdict for verdict in found if (verdict.scope, verdict.key) == (scope, key))


def slow_in(*which: int, regions: int = 6, servers: int = 10, factor: float = 1.2) -> Fleet:
    """A fleet whose first region is slow in some rounds, 0 being the newest."""
    tables, baseline = noisy(regions=regions, servers=servers, seed=3)
    for age in which:
        tables[age][0] *= factor
    rounds = [a_round(now_ms=now, baseline_ms=baseline) for now in tables]
    return a_fleet(rounds, regions=regions, servers=servers, floor_ratio=1.9)


def test_the_sentence_says_what_was_found_and_how_sure_it_is() -> None:
    verdict = Verdict(
        scope=Scope.REGION,
        key="eu-south-2",
        label="eu-south-2",
        word=Word.SLOW,
        figures=VerdictFigures(
            change_ratio=0.18,
            change_low=0.12,
            change_high=0.25,
            change_us=9_000.0,
            items=10,
            agreeing=9,
            round_count=3,
            judged_rounds=3,
            slow_rounds=2,
            sent=400,
            answered=400,
            loss_low=0.0,
            loss_high=0.009512,
            floor_ratio=1.9,
        ),
    )

    assert verdict.sentence == (
        "eu-south-2 SLOW +18 % (CI 12–25), +9 ms, 9/10 servers, 2/3 rounds, 0/400 lost (≤ 0.95 %), "
        "structural 1.9×"
    )


@pytest.mark.parametrize(
    ("lost", "low", "high", "told"),
    [
        (400, 0.9905, 1.0, "400/400 lost (99–100 %)"),
        (38, 0.0701, 0.127, "38/400 lost (7–13 %)"),
        (1, 0.00044, 0.014, "1/400 lost (0.044–1.4 %)"),
    ],
)
def test_loss_is_told_in_two_digits(lost: int, low: float, high: float, told: str) -> None:
    figures = VerdictFigures(sent=400, answered=400 - lost, loss_low=low, loss_high=high)
    verdict = Verdict(scope=Scope.SERVER, key="a", label="a", word=Word.LOSSY, figures=figures)

    assert told in verdict.sentence


@pytest.mark.parametrize(
    ("which", "word"),
    [
        ((), Word.OK),
        ((0,), Word.WATCH),
        ((1,), Word.OK),
        ((0, 1), Word.SLOW),
        ((1, 2), Word.SLOW),
        ((0, 1, 2), Word.SLOW),
    ],
)
def test_a_region_is_slow_when_two_of_the_last_three_rounds_say_so(
    which: tuple[int, ...], word: Word
) -> None:
    assert verdict_on(slow_in(*which), "r000").word is word


def test_other_regions_are_not_blamed() -> None:
    found = judged(slow_in(0, 1, 2), thresholds=DEFAULTS, seed=1)

    words = {one.key: one.word for one in found if one.scope is Scope.REGION}
    assert words == {"r000": Word.SLOW} | {f"r00{number}": Word.OK for number in range(1, 6)}


def test_a_region_that_was_slow_and_is_not_has_recovered() -> None:
    assert verdict_on(slow_in(), "r000", before=Word.SLOW).word is Word.RECOVERED
    assert verdict_on(slow_in(), "r000", before=Word.RECOVERED).word is Word.OK


def test_a_change_of_less_than_five_milliseconds_is_watched_at_most() -> None:
    tables, baseline = noisy(regions=6, servers=10, seed=3)
    tables, baseline = [now / 50 for now in tables], baseline / 50
    for now in tables:
        now[0] *= 1.3
    rounds = [a_round(now_ms=now, baseline_ms=baseline) for now in tables]

    assert verdict_on(a_fleet(rounds, regions=6, servers=10), "r000").word is Word.WATCH


def test_all_paths_slower_is_said_of_the_fleet_and_of_no_region() -> None:
    tables, baseline = noisy(regions=6, servers=10, seed=3)
    rounds = [a_round(now_ms=now * 1.3, baseline_ms=baseline) for now in tables]
    fleet = a_fleet(rounds, regions=6, servers=10)

    assert verdict_on(fleet, "", Scope.FLEET).word is Word.SLOW
    assert verdict_on(fleet, "r000").word is Word.OK


def test_one_region_alone_is_judged_by_its_own_paths() -> None:
    assert verdict_on(slow_in(0, 1, 2, regions=1), "r000").word is Word.SLOW


def test_structural_is_a_field_of_its_own() -> None:
    fleet = slow_in()
    far = replace(fleet, floor_ratio=np.full(6, 3.1))

    assert verdict_on(fleet, "r000").structural is False
    assert verdict_on(far, "r000").structural is True
    assert verdict_on(far, "r000").word is Word.OK
    assert verdict_on(replace(fleet, floor_ratio=np.full(6, np.nan)), "r000").structural is None


def test_lost_paths_stay_out_of_the_polish_and_make_the_region_lossy() -> None:
    tables, baseline = noisy(regions=6, servers=10, seed=3)
    answered = np.full((6, 10), 20)
    answered[0, :3] = 0
    for now in tables:
        now[0, :3] = np.inf
    rounds = [a_round(now_ms=now, baseline_ms=baseline, answered=answered) for now in tables]

    verdict = verdict_on(a_fleet(rounds, regions=6, servers=10), "r000")

    assert verdict.word is Word.LOSSY
    assert verdict.figures.items == 7
    assert verdict.figures.change_ratio == pytest.approx(0.0, abs=0.03)
    assert "60/200 lost" in verdict.sentence


def test_a_region_that_hears_of_nobody_is_lost() -> None:
    tables, baseline = noisy(regions=6, servers=10, seed=3)
    answered = np.full((6, 10), 20)
    answered[0] = 0
    for now in tables:
        now[0] = np.inf
    rounds = [a_round(now_ms=now, baseline_ms=baseline, answered=answered) for now in tables]

    assert verdict_on(a_fleet(rounds, regions=6, servers=10), "r000").word is Word.LOST


def test_a_region_with_few_servers_says_what_is_missing_and_its_paths_are_judged() -> None:
    fleet = slow_in(0, 1, 2, servers=2, factor=1.5)

    verdict = verdict_on(fleet, "r000")
    path = verdict_on(fleet, "t000 s001", Scope.PATH)

    assert (verdict.word, verdict.missing) == (Word.INSUFFICIENT, ("2 of 5 servers",))
    assert verdict.figures.change_ratio is not None
    assert path.word is Word.SLOW
    assert path.label == "tester-0 → server-1 (192.0.2.1)"
    assert verdict_on(fleet, "t001 s001", Scope.PATH).word is Word.OK


def test_without_a_past_there_is_no_baseline_and_with_another_address_it_moved() -> None:
    tables, baseline = noisy(regions=6, servers=10, seed=3)

    for moved, word in ((False, Word.NO_BASELINE), (True, Word.MOVED)):
        none = np.full_like(baseline, np.nan)
        rounds = [a_round(now_ms=now, baseline_ms=none, moved=moved) for now in tables]
        fleet = a_fleet(rounds, regions=6, servers=10)
        assert verdict_on(fleet, "r000").word is word
        assert verdict_on(fleet, "t000 s000", Scope.PATH).word is word


def test_a_region_without_a_trusted_run_is_untrusted() -> None:
    fleet = slow_in()
    newest = fleet.rounds[0]
    kept = newest.tester != 0
    columns = {name: getattr(newest, name)[kept] for name in RoundFacts.__dataclass_fields__}
    untrusted = np.arange(6) == 0

    fleet = replace(fleet, rounds=[RoundFacts(**columns), *fleet.rounds[1:]], untrusted=untrusted)

    assert verdict_on(fleet, "r000").word is Word.UNTRUSTED
    assert verdict_on(replace(fleet, untrusted=untrusted & False), "r000").missing == (
        "no results in this round",
    )


def test_one_round_is_too_few() -> None:
    fleet = slow_in(0)

    verdict = verdict_on(replace(fleet, rounds=fleet.rounds[:1]), "r000")

    assert (verdict.word, verdict.missing) == (Word.INSUFFICIENT, ("1 of 2 rounds",))


def test_runs_of_a_region_that_disagree_widen_its_interval() -> None:
    generator = np.random.default_rng(5)
    first = generator.normal(0.0, 0.01, 12)
    agreeing, disagreeing = np.stack([first, first + 0.001]), np.stack([first, first + 0.4])

    widths = []
    for runs in (agreeing, disagreeing):
        spread = spread_of(np.median(runs, axis=0)[None, :], seed=1, count=500, runs=[runs])
        widths.append(float(spread.high[0] - spread.low[0]))

    assert widths[1] > 10 * widths[0]


def test_two_testers_of_a_region_count_as_two_runs_of_one_region() -> None:
    fleet = slow_in(0, 1, 2)
    testers = [replace(tester, region=max(0, tester.region - 1)) for tester in fleet.testers]
    both = replace(
        fleet,
        regions=fleet.regions[:5],
        testers=testers,
        floor_ratio=fleet.floor_ratio[:5],
        untrusted=fleet.untrusted[:5],
    )

    found = [one for one in judged(both, thresholds=DEFAULTS, seed=7) if one.scope is Scope.REGION]

    assert isinstance(testers[0], TesterOf)
    # Half of its runs are a fifth slower and half are not: nobody can say.
    assert found[0].word is not Word.SLOW
    assert found[0].figures.items == 10


def test_false_discoveries_are_bounded_as_benjamini_and_hochberg_say() -> None:
    p = np.array([0.01, 0.04, 0.03, 0.5, np.nan])

    assert discoveries(p, ratio=0.05).tolist() == [True, False, False, False, False]
    assert discoveries(p, ratio=0.10).tolist() == [True, True, True, False, False]


@pytest.mark.parametrize(("n", "rank"), [(5, 0), (6, 1), (8, 1), (9, 2), (20, 6), (100, 40), (1_000, 469)])
def test_the_interval_of_a_median_has_the_ranks_of_the_tables(n: int, rank: int) -> None:
    assert interval_rank(n) == rank


def test_lost_probes_are_infinite_in_a_median() -> None:
    def probes(*values: int) -> bytes:
        return np.array(values, dtype="<i4").tobytes()

    found = medians_of(
        [probes(5, 1, 3, 2, 4, 6), probes(1, 2, 3, -1, -1, -1, -2), probes(1, 2, -3, -3, 3, 4), b""], least=6
    )

    assert found.median_us[:2].tolist() == [3.0, np.inf]
    assert (found.low_us[0], found.high_us[0]) == (1.0, 6.0)
    assert np.isnan(found.median_us[2:]).all()
    assert found.sent.tolist() == [6, 7, 4, 0]
    assert found.answered.tolist() == [6, 3, 4, 0]


def test_a_round_judged_again_gives_the_same_verdicts_and_another_threshold_another_version() -> None:
    sweep = UUID(int=5)

    assert seed_of(sweep, 1) == seed_of(sweep, 1) != seed_of(sweep, 2)
    once, again = (judged(slow_in(0), thresholds=DEFAULTS, seed=seed_of(sweep, 1)) for _ in range(2))
    assert once == again
    assert DEFAULTS.version != replace(DEFAULTS, slow_ratio=0.11).version
    assert DEFAULTS.version == replace(DEFAULTS).version
