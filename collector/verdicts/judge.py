"""The verdicts of a round, by the last rounds of its testers (pure)."""

import hashlib
import math
from collections.abc import Sequence
from uuid import UUID

import numpy as np

from collector.history.figures import Integers
from collector.verdicts.counted import Before, Counted, known, word_of
from collector.verdicts.fleet import Fleet, in_order
from collector.verdicts.paths import path_verdicts
from collector.verdicts.rounds import (
    SLOW,
    UNJUDGED,
    WATCHED,
    Booleans,
    Effects,
    Losses,
    RoundEffects,
    RoundFacts,
    effects_of,
)
from collector.verdicts.thresholds import Thresholds
from collector.verdicts.verdict import Scope, Verdict, VerdictFigures, Word


def seed_of(sweep_id: UUID, round_number: int) -> int:
    """Return the seed of the bootstrap, so that a round judged again gives the same figures."""
    return int.from_bytes(hashlib.sha256(f"{sweep_id}:{round_number}".encode()).digest()[:8], "big") >> 1


def judged(fleet: Fleet, *, thresholds: Thresholds, seed: int, before: Before | None = None) -> list[Verdict]:
    """Return the verdicts of the newest round: fleet, regions, servers, and paths of regions without one.

    The order of testers and servers has no part in them.
    """
    before = before or {}
    canonical = in_order(fleet)
    region_of = np.array([tester.region for tester in canonical.testers], dtype=np.int64)
    rounds = [
        effects_of(
            facts,
            region_of=region_of,
            regions=len(canonical.regions),
            servers=len(canonical.servers),
            thresholds=thresholds,
            seed=seed + age * 16,
        )
        for age, facts in enumerate(canonical.rounds[: thresholds.rounds])
    ]
    if not rounds:
        return []
    regions = _regions(canonical, rounds, region_of, thresholds, before)
    # One region alone, or a fleet without a server that several regions see, has nothing in common.
    found = [_fleet(rounds, thresholds, before), *regions, *_servers(canonical, rounds, thresholds, before)]
    undecided = [
        number
        for number in range(len(canonical.regions))
        if rounds[0].regions.level[number] == UNJUDGED and not canonical.untrusted[number]
    ]
    return found + path_verdicts(canonical, region_of, undecided, thresholds, before)


def _regions(
    fleet: Fleet, rounds: Sequence[RoundEffects], region_of: Integers, thresholds: Thresholds, before: Before
) -> list[Verdict]:
    newest = fleet.rounds[0]
    region = region_of[newest.tester]
    found = []
    for number, name in enumerate(fleet.regions):
        counted = _counted([one.regions for one in rounds], [one.region_losses for one in rounds], number)
        mine = region == number
        losses = rounds[0].region_losses
        level = int(rounds[0].regions.level[number])
        is_lossy = counted.lossy >= thresholds.rounds_agreeing
        if not mine.any():
            word = Word.UNTRUSTED if fleet.untrusted[number] else Word.INSUFFICIENT
            missing: tuple[str, ...] = () if fleet.untrusted[number] else ("no results in this round",)
        elif level == UNJUDGED and not is_lossy and counted.lost < thresholds.rounds_agreeing:
            word, missing = _undecided(newest, mine, rounds[0].regions, number, thresholds)
        else:
            word, missing = word_of(
                counted,
                now=level,
                lossy_now=bool(losses.lossy[number]),
                thresholds=thresholds,
                before=before.get((Scope.REGION, name)),
            )
        ratio = float(fleet.floor_ratio[number])
        found.append(
            Verdict(
                scope=Scope.REGION,
                key=name,
                label=name,
                word=word,
                slow=counted.slow >= thresholds.rounds_agreeing and level != UNJUDGED,
                lossy=is_lossy,
                structural=None if math.isnan(ratio) else ratio > thresholds.structural_ratio,
                missing=missing,
                figures=_figures(
                    rounds[0].regions, losses, number, counted, floor_ratio=known(ratio), region=name
                ),
            )
        )
    return found


def _undecided(
    newest: RoundFacts, mine: Booleans, effects: Effects, number: int, thresholds: Thresholds
) -> tuple[Word, tuple[str, ...]]:
    """Return why a region with results cannot be judged."""
    servers = len(np.unique(newest.server[mine]))
    based = mine & ~np.isnan(newest.baseline_us)
    with_baseline = len(np.unique(newest.server[based]))
    needed = thresholds.slow_servers
    if not with_baseline:
        moved = bool((newest.moved & mine).any())
        return (Word.MOVED if moved else Word.NO_BASELINE), ()
    if servers < needed:
        return Word.INSUFFICIENT, (f"{servers} of {needed} servers",)
    if with_baseline < needed:
        return Word.INSUFFICIENT, (f"{with_baseline} of {needed} servers with a baseline",)
    usable = int(effects.items[number])
    return Word.INSUFFICIENT, (f"{usable} of {needed} servers with a p50",)


def _servers(
    fleet: Fleet, rounds: Sequence[RoundEffects], thresholds: Thresholds, before: Before
) -> list[Verdict]:
    """Return the verdicts on servers that enough regions see; the others have none."""
    found = []
    for number, server in enumerate(fleet.servers):
        level = int(rounds[0].servers.level[number])
        counted = _counted([one.servers for one in rounds], [one.server_losses for one in rounds], number)
        losses = rounds[0].server_losses
        is_lossy = counted.lossy >= thresholds.rounds_agreeing
        if level == UNJUDGED and not is_lossy and counted.lost < thresholds.rounds_agreeing:
            continue
        word, missing = word_of(
            counted,
            now=level,
            lossy_now=bool(losses.lossy[number]),
            thresholds=thresholds,
            before=before.get((Scope.SERVER, server.key)),
        )
        found.append(
            Verdict(
                scope=Scope.SERVER,
                key=server.key,
                label=server.label,
                word=word,
                slow=counted.slow >= thresholds.rounds_agreeing and level != UNJUDGED,
                lossy=is_lossy,
                missing=missing,
                figures=_figures(
                    rounds[0].servers, losses, number, counted, server=server.name, address=server.address
                ),
            )
        )
    return found


def _fleet(rounds: Sequence[RoundEffects], thresholds: Thresholds, before: Before) -> Verdict:
    level = int(rounds[0].fleet.level[0])
    counted = _counted([one.fleet for one in rounds], None, 0)
    if level == UNJUDGED:
        regions = int(rounds[0].fleet.items[0])
        word: Word = Word.INSUFFICIENT
        missing: tuple[str, ...] = (f"{regions} of {thresholds.slow_servers} regions with servers in common",)
    else:
        word, missing = word_of(
            counted, now=level, lossy_now=False, thresholds=thresholds, before=before.get((Scope.FLEET, ""))
        )
    return Verdict(
        scope=Scope.FLEET,
        key="",
        label="all paths",
        word=word,
        slow=counted.slow >= thresholds.rounds_agreeing and level != UNJUDGED,
        missing=missing,
        figures=_figures(rounds[0].fleet, None, 0, counted),
    )


def _counted(effects: Sequence[Effects], losses: Sequence[Losses] | None, number: int) -> Counted:
    levels = [int(one.level[number]) for one in effects]
    # Without a run of that age there was no such round for it.
    there = [True] * len(levels) if losses is None else [bool(one.sent[number]) for one in losses]
    return Counted(
        rounds=sum(there),
        judged=sum(level != UNJUDGED for level in levels),
        slow=levels.count(SLOW),
        watched=sum(level >= WATCHED for level in levels),
        lossy=0 if losses is None else sum(bool(one.lossy[number]) for one in losses),
        lost=0 if losses is None else sum(bool(one.lost[number]) for one in losses),
    )


def _figures(
    effects: Effects,
    losses: Losses | None,
    number: int,
    counted: Counted,
    *,
    floor_ratio: float | None = None,
    region: str | None = None,
    server: str | None = None,
    address: str | None = None,
) -> VerdictFigures:
    change = [known(math.expm1(float(one[number]))) for one in (effects.effect, effects.low, effects.high)]
    return VerdictFigures(
        change_ratio=change[0],
        change_low=change[1],
        change_high=change[2],
        change_us=known(float(effects.change_us[number])),
        p=known(float(effects.p[number])),
        items=int(effects.items[number]),
        agreeing=int(effects.agreeing[number]),
        round_count=counted.rounds,
        judged_rounds=counted.judged,
        slow_rounds=counted.slow,
        watch_rounds=counted.watched,
        lossy_rounds=counted.lossy,
        sent=0 if losses is None else int(losses.sent[number]),
        answered=0 if losses is None else int(losses.answered[number]),
        loss_low=None if losses is None else known(float(losses.low[number])),
        loss_high=None if losses is None else known(float(losses.high[number])),
        lossy_items=0 if losses is None else int(losses.lossy_items[number]),
        floor_ratio=floor_ratio,
        region=region,
        server=server,
        address=address,
    )
