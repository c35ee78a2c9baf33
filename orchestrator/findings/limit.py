"""The limit of `--fail-if` (pure)."""

import math
import re
from dataclasses import dataclass

from orchestrator.errors import ConfigurationError
from orchestrator.findings.comparison import KINDS, Change, Comparison

_LIMIT = re.compile(r"(\w+) ?> ?(\d+(?:\.\d+)?) ?(%|ms)", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """A kind of thing, and how much its p50 may grow: `most` in percent or in ms."""

    kind: str
    most: float
    unit: str


def limit_of(text: str) -> Limit:
    """Return the limit in a text such as "region>10%" or "path>5ms"; raise `ConfigurationError`."""
    match = _LIMIT.fullmatch(text.strip())
    if match is None or match.group(1) not in KINDS:
        raise ConfigurationError(
            f"--fail-if {text!r} is not a limit",
            next_step="region, path or server, then >, then a number with % or ms: --fail-if 'region>10%'",
        )
    return Limit(kind=match.group(1), most=float(match.group(2)), unit=match.group(3))


def exceeded(comparison: Comparison, limit: Limit) -> tuple[str, ...]:
    """Return a sentence for each change whose whole interval is above the limit."""
    return tuple(
        _sentence(change, limit)
        for change in comparison.of(limit.kind)
        if (least := _least(change, limit)) is not None and least > limit.most
    )


def undecided(comparison: Comparison, limit: Limit) -> tuple[str, ...]:
    """Return the names of what has too few probes, or no figure, to be held against the limit."""
    return tuple(change.name for change in comparison.of(limit.kind) if _least(change, limit) is None)


def _least(change: Change, limit: Limit) -> float | None:
    if limit.unit == "%":
        return None if change.least_ratio is None else change.least_ratio * 100
    return None if change.least_difference_us is None else change.least_difference_us / 1_000


def _sentence(change: Change, limit: Limit) -> str:
    least = _least(change, limit)
    assert least is not None
    grown = "is lost" if math.isinf(least) else f"grew by at least {least:.1f} {limit.unit}"
    return f"{change.kind} {change.name}: p50 {grown}, the limit is {limit.most:g} {limit.unit}"
