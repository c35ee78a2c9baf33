"""How many of the last rounds say what, and the word for it (pure)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from collector.verdicts.rounds import SLOW
from collector.verdicts.thresholds import Thresholds
from collector.verdicts.verdict import BAD, Scope, Word

Before = Mapping[tuple[Scope, str], Word]
"""The last decided word of each thing, by scope and key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """How many of the last rounds say what."""

    rounds: int
    judged: int
    slow: int
    watched: int
    lossy: int
    lost: int


def word_of(
    counted: Counted, *, now: int, lossy_now: bool, thresholds: Thresholds, before: Word | None
) -> tuple[Word, tuple[str, ...]]:
    """Return the word for something that the newest round can judge, or that is lossy."""
    needed = thresholds.rounds_agreeing
    if counted.lost >= needed:
        return Word.LOST, ()
    if counted.lossy >= needed:
        return Word.LOSSY, ()
    if counted.judged < needed:
        return Word.INSUFFICIENT, (f"{counted.judged} of {needed} rounds",)
    if counted.slow >= needed:
        return Word.SLOW, ()
    if counted.watched >= needed or now == SLOW or lossy_now:
        return Word.WATCH, ()
    return (Word.RECOVERED if before in BAD else Word.OK), ()


def known(value: float) -> float | None:
    """Return a number, None for one that is infinite or none."""
    return value if math.isfinite(value) else None
