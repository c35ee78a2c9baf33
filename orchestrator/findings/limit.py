"""The limit of `--fail-if`, and what exceeds it (pure)."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import ConfigurationError

KINDS = {"region": "regions", "path": "paths", "server": "servers"}
"""What may be held against a limit, and the list of a comparison that has it."""

FALSE_DISCOVERIES = 0.10
"""The share of what is found that may be chance (Benjamini and Hochberg 1995), as for verdicts."""

Z_95 = 1.959963984540054
OF_A_BOUND = 0.025
"""The p-value that a 95 % interval's lower bound stands for."""

LEAST_PERCENT = -99.9999
MOST_DIGITS = 12

_LIMIT = re.compile(rf"([a-z]+) ?> ?(\d{{1,{MOST_DIGITS}}}(?:\.\d{{1,{MOST_DIGITS}}})?) ?(%|ms)")

Change = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """A kind of thing, and how much its p50 may grow: `most` in percent or in ms."""

    kind: str
    most: float
    unit: str

    def __str__(self) -> str:
        return f"{self.kind}>{self.most:g}{self.unit}"


def limit_of(text: str) -> Limit:
    """Return the limit in a text such as "region>10%" or "path>5ms"; raise `ConfigurationError`."""
    match = _LIMIT.fullmatch(text.strip())
    if match is None or match.group(1) not in KINDS:
        raise ConfigurationError(
            f"--fail-if {text!r} is not a limit",
            next_step="region, path or server, then >, then a number with % or ms: --fail-if 'region>10%'",
        )
    return Limit(kind=match.group(1), most=float(match.group(2)), unit=match.group(3))


def exceeded(diff: Mapping[str, Any], limit: Limit) -> tuple[str, ...]:
    """Return a sentence for each change whose whole interval is above the limit, and that is no chance.

    Among hundreds of paths some exceed by chance: what is found holds at a false discovery rate among
    all of its kind.
    """
    changes: Sequence[Change] = diff[KINDS[limit.kind]]
    found = [(change, _chance(change, limit)) for change in changes]
    known = [(change, chance) for change, chance in found if chance is not None]
    highest = _highest_chance([chance for _, chance in known])
    return tuple(
        _sentence(change, limit) for change, chance in known if chance <= highest and _is_above(change, limit)
    )


def undecided(diff: Mapping[str, Any], limit: Limit) -> tuple[str, ...]:
    """Return the names of what has too few probes, or no figure, to be held against the limit."""
    changes: Sequence[Change] = diff[KINDS[limit.kind]]
    return tuple(change["label"] for change in changes if _chance(change, limit) is None)


def _figures(change: Change, limit: Limit) -> list[float | None]:
    """Return the change with its bounds, in the limit's unit."""
    name, scale = ("change_ratio", 100.0) if limit.unit == "%" else ("change_us", 0.001)
    figures = (change[name], change[f"{name}_low"], change[f"{name}_high"])
    return [None if figure is None else figure * scale for figure in figures]


def _is_above(change: Change, limit: Limit) -> bool:
    low = _figures(change, limit)[1]
    return change["is_lost"] or (low is not None and low > limit.most)


def _chance(change: Change, limit: Limit) -> float | None:
    """Return the p-value of "no more than the limit", None where nothing can be said.

    By the normal approximation, whose error the farther bound tells: of logarithms for a limit in percent.
    """
    if change["is_lost"]:
        return 0.0
    value, low, high = _figures(change, limit)
    if value is None:
        # Its p50 falls on a lost probe; how far it grew is not known, but for the bound.
        return None if low is None else OF_A_BOUND if low > limit.most else 1.0
    if low is None:
        return 1.0
    scale = _of_percent if limit.unit == "%" else float
    # Without an upper bound, lost probes reach so far: the lower one has to do.
    error = max(scale(value) - scale(low), 0.0 if high is None else scale(high) - scale(value)) / Z_95
    above = scale(value) - scale(limit.most)
    if error <= 0.0:
        return 0.0 if above > 0.0 else 1.0
    return 0.5 * math.erfc(above / error / math.sqrt(2.0))


def _of_percent(percent: float) -> float:
    return math.log1p(max(percent, LEAST_PERCENT) / 100.0)


def _highest_chance(chances: Sequence[float]) -> float:
    """Return the highest p-value that stands, −1 where none does."""
    ordered = sorted(chances)
    stand = [
        chance
        for rank, chance in enumerate(ordered, start=1)
        if chance <= FALSE_DISCOVERIES * rank / len(ordered)
    ]
    return max(stand, default=-1.0)


def _sentence(change: Change, limit: Limit) -> str:
    low = _figures(change, limit)[1]
    grown = "is lost" if change["is_lost"] or low is None else f"grew by at least {low:.1f} {limit.unit}"
    return f"{limit.kind} {change['label']}: p50 {grown}, the limit is {limit.most:g} {limit.unit}"
