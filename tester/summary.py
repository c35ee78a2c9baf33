"""What the positions of a probe series say (pure)."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from wire.report import LATE, NOT_SENT

LEAST_FOR = {0.5: 6, 0.95: 59, 0.99: 299}
"""Probes below which no distribution-free 95 % interval of a quantile exists."""

Z_95 = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantile:
    """A quantile of RTTs in which a probe without an answer counts as infinite.

    `us` is None where there is no number, and `note` then says why: "lost" (the quantile is a probe
    without an answer) or "n/a" (too few probes to tell).
    """

    us: int | None
    note: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """Figures of one server address. `n` counts the probes that were sent, `loss_ratio` is 0 to 1.

    `pdv` is the packet delay variation, p95 less the minimum (RFC 5481, 4.2); `ipdv_us` the mean
    absolute difference of two answers in a row (RFC 3393), None without such a pair.
    """

    state: str
    n: int
    answered: int
    late: int
    min_us: int | None
    p50: Quantile
    p95: Quantile
    p99: Quantile
    pdv: Quantile
    ipdv_us: int | None
    loss_ratio: float | None
    loss_low: float | None
    loss_high: float | None


def summarise(positions: Sequence[int], *, resolved: bool = True) -> Summary:
    """Return the figures of one row; `resolved` is False for a name without an address."""
    sent = [position for position in positions if position != NOT_SENT]
    answers = sorted(position for position in sent if position >= 0)
    n, late = len(sent), sent.count(LATE)
    low, high = wilson(n - len(answers), n) if n else (None, None)
    p95 = quantile(answers, 0.95, n=n)
    return Summary(
        state=state_of(positions, resolved=resolved),
        n=n,
        answered=len(answers),
        late=late,
        min_us=answers[0] if answers else None,
        p50=quantile(answers, 0.5, n=n),
        p95=p95,
        p99=quantile(answers, 0.99, n=n),
        pdv=p95 if p95.us is None else Quantile(us=p95.us - answers[0], note=None),
        ipdv_us=ipdv_us(positions),
        loss_ratio=(n - len(answers)) / n if n else None,
        loss_low=low,
        loss_high=high,
    )


def quantile(answers: Sequence[int], share: float, *, n: int) -> Quantile:
    """Return the nearest-rank quantile of `n` probes, of which `answers` (sorted) were answered."""
    if n < LEAST_FOR[share]:
        return Quantile(us=None, note="n/a")
    # Rounded first: 0.95 × 60 is a hair above 57 in binary.
    rank = math.ceil(round(share * n, 9))
    if rank > len(answers):
        return Quantile(us=None, note="lost")
    return Quantile(us=answers[rank - 1], note=None)


def ipdv_us(positions: Sequence[int]) -> int | None:
    """Return the mean absolute difference of neighbouring answers (RFC 3393), None without two of them."""
    pairs = pairwise(positions)
    differences = [abs(after - before) for before, after in pairs if before >= 0 and after >= 0]
    return round(sum(differences) / len(differences)) if differences else None


def wilson(lost: int, n: int) -> tuple[float, float]:
    """Return the 95 % score interval of a ratio (Wilson, JASA 22, 1927)."""
    ratio, square = lost / n, Z_95 * Z_95
    middle = ratio + square / (2 * n)
    spread = Z_95 * math.sqrt(ratio * (1 - ratio) / n + square / (4 * n * n))
    low, high = (middle - spread) / (1 + square / n), (middle + spread) / (1 + square / n)
    # At the ends the exact bound is 0 or 1, which floating point misses by a hair.
    return (0.0 if lost == 0 else max(0.0, low), 1.0 if lost == n else min(1.0, high))


def state_of(positions: Iterable[int], *, resolved: bool = True) -> str:
    """Return what became of a row, in one word."""
    if not resolved:
        return "dns_failed"
    sent = [position for position in positions if position != NOT_SENT]
    answered = sum(position >= 0 for position in sent)
    if not sent:
        return "not_run"
    if answered == len(sent):
        return "ok"
    if answered:
        return "lossy"
    return "late_only" if LATE in sent else "lost"
