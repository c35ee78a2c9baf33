"""The verdicts of paths, for regions that have too few servers for one of their own (pure)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from collector.history.figures import Integers, wilson
from collector.verdicts.counted import Before, Counted, known, word_of
from collector.verdicts.fleet import Fleet
from collector.verdicts.rounds import FINE, SLOW, UNJUDGED, WATCHED, RoundFacts
from collector.verdicts.thresholds import Thresholds
from collector.verdicts.verdict import Scope, Verdict, VerdictFigures, Word


def path_verdicts(
    fleet: Fleet, region_of: Integers, regions: Sequence[int], thresholds: Thresholds, before: Before
) -> list[Verdict]:
    """Return the verdicts of the paths of some regions, by the distribution-free interval of their p50."""
    wanted = np.isin(region_of, regions)
    ages: list[dict[tuple[int, int], int]] = []
    for facts in fleet.rounds[: thresholds.rounds]:
        places = np.flatnonzero(wanted[facts.tester]).tolist()
        ages.append({(int(facts.tester[place]), int(facts.server[place])): place for place in places})
    found = []
    for path in sorted(ages[0]):
        tester, server = fleet.testers[path[0]], fleet.servers[path[1]]
        rounds = [
            _path_round(fleet.rounds[age], places[path], thresholds)
            for age, places in enumerate(ages)
            if path in places
        ]
        found.append(
            _path(fleet, path, rounds, thresholds, before.get((Scope.PATH, f"{tester.key} {server.key}")))
        )
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _PathRound:
    level: int
    change: tuple[float, float, float]
    change_us: float
    sent: int
    answered: int
    loss: tuple[float, float]
    lossy: bool
    has_p50: bool
    has_baseline: bool
    moved: bool


def _path_round(facts: RoundFacts, place: int, thresholds: Thresholds) -> _PathRound:
    base, now = float(facts.baseline_us[place]), float(facts.now_us[place])
    low, high = float(facts.low_us[place]), float(facts.high_us[place])
    sent, answered = int(facts.sent[place]), int(facts.answered[place])
    bounds = wilson(np.array([sent - answered], dtype=np.int64), np.array([sent], dtype=np.int64))
    level = UNJUDGED
    change = (math.nan, math.nan, math.nan)
    if base > 0 and math.isfinite(now):
        change = (now / base - 1.0, low / base - 1.0, high / base - 1.0)
        if not math.isnan(low):
            level = FINE
            if change[1] > thresholds.watch_ratio:
                level = WATCHED
            if change[1] > thresholds.slow_ratio and now - base > thresholds.slow_change_ms * 1_000.0:
                level = SLOW
    return _PathRound(
        level=level,
        change=change,
        change_us=now - base if math.isfinite(now) else math.nan,
        sent=sent,
        answered=answered,
        loss=(float(bounds[0][0]), float(bounds[1][0])),
        lossy=bool(bounds[0][0] > thresholds.loss_ratio),
        has_p50=not math.isnan(now),
        has_baseline=not math.isnan(base),
        moved=bool(facts.moved[place]),
    )


def _path(
    fleet: Fleet,
    path: tuple[int, int],
    rounds: Sequence[_PathRound],
    thresholds: Thresholds,
    before: Word | None,
) -> Verdict:
    tester, server, newest = fleet.testers[path[0]], fleet.servers[path[1]], rounds[0]
    needed = thresholds.rounds_agreeing
    counted = Counted(
        rounds=len(rounds),
        judged=sum(one.level != UNJUDGED for one in rounds),
        slow=sum(one.level == SLOW for one in rounds),
        watched=sum(one.level >= WATCHED for one in rounds),
        lossy=sum(one.lossy for one in rounds),
        lost=sum(one.sent > 0 and one.answered == 0 for one in rounds),
    )
    missing: tuple[str, ...] = ()
    if newest.level == UNJUDGED and counted.lossy < needed:
        if newest.has_baseline:
            word = Word.INSUFFICIENT
            missing = (
                ("a p50 that is not lost",)
                if newest.has_p50
                else (f"{newest.sent} of {thresholds.least_probes} probes",)
            )
        else:
            word = Word.MOVED if newest.moved else Word.NO_BASELINE
    else:
        word, missing = word_of(
            counted, now=newest.level, lossy_now=newest.lossy, thresholds=thresholds, before=before
        )
    ratio = fleet.path_floor_ratio.get(path)
    change = [known(value) for value in newest.change]
    return Verdict(
        scope=Scope.PATH,
        key=f"{tester.key} {server.key}",
        label=f"{tester.name} → {server.label}",
        word=word,
        slow=counted.slow >= needed and newest.level != UNJUDGED,
        lossy=counted.lossy >= needed,
        structural=None if ratio is None else ratio > thresholds.structural_ratio,
        missing=missing,
        figures=VerdictFigures(
            change_ratio=change[0],
            change_low=change[1],
            change_high=change[2],
            change_us=known(newest.change_us),
            items=1,
            agreeing=int(newest.level == SLOW),
            round_count=counted.rounds,
            judged_rounds=counted.judged,
            slow_rounds=counted.slow,
            watch_rounds=counted.watched,
            lossy_rounds=counted.lossy,
            sent=newest.sent,
            answered=newest.answered,
            loss_low=known(newest.loss[0]),
            loss_high=known(newest.loss[1]),
            lossy_items=int(newest.lossy),
            floor_ratio=ratio,
            tester=tester.name,
            region=fleet.regions[tester.region],
            server=server.name,
            address=server.address,
        ),
    )
