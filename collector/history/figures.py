"""Figures of pooled probes: counts, percentiles and loss (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from wire.report import LATE, NOT_SENT

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

P50_LEAST_N = 6
"""Below it no distribution-free 95 % interval of a median exists (1 − 2 · 0.5^n ≥ 0.95)."""

QUARTILE_LEAST_N = 11
"""Below it no value of n bounds a quartile from outside with 95 % (1 − 0.75^n ≥ 0.95)."""

P95_LEAST_N = 59
"""Below it the largest of n does not bound the 95th percentile with 95 % (1 − 0.95^n ≥ 0.95)."""

Z_95 = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval."""

NO_FIGURE = -1
LOST_FIGURE = -2
"""What stands in an integer column of `Figures` instead of microseconds."""

LOST_NOTE = "lost"
NO_FIGURE_NOTE = "n/a"

_INFINITE = np.int64(2**31 - 1)


class CellState(StrEnum):
    """What became of a path in a window."""

    OK = "ok"
    LOSSY = "lossy"
    LOST = "lost"
    LATE_ONLY = "late_only"
    NOT_RUN = "not_run"
    DNS_FAILED = "dns_failed"
    INSUFFICIENT = "insufficient"
    TESTER_BAD = "tester_bad"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """Stored results, column by column; `probes` holds int32 positions in little-endian order.

    `late_known` is false where the engine could not tell a late probe from a lost one.
    """

    probes: Sequence[bytes]
    late_known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.probes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Figures of groups of results, one item for each group.

    `n` counts the probes that were sent. Microseconds are `NO_FIGURE` where nothing can be said,
    `LOST_FIGURE` where a percentile falls on a probe without an answer in time.
    """

    planned: Integers
    n: Integers
    answered: Integers
    late: Integers
    late_known: NDArray[np.bool_]
    min_us: Integers
    max_us: Integers
    p25_us: Integers
    p50_us: Integers
    p75_us: Integers
    p95_us: Integers
    ipdv_us: Integers
    loss_ratio: Floats
    loss_low: Floats
    loss_high: Floats

    def __len__(self) -> int:
        return len(self.n)

    def one(self, group: int) -> "Figure":
        """Return the figures of one group."""
        sent = bool(self.n[group])
        return Figure(
            planned=int(self.planned[group]),
            n=int(self.n[group]),
            answered=int(self.answered[group]),
            late=int(self.late[group]) if self.late_known[group] else None,
            min_us=number_of(int(self.min_us[group])),
            max_us=number_of(int(self.max_us[group])),
            p25_us=number_of(int(self.p25_us[group])),
            p50_us=number_of(int(self.p50_us[group])),
            p75_us=number_of(int(self.p75_us[group])),
            p95_us=number_of(int(self.p95_us[group])),
            p50_note=note_of(int(self.p50_us[group])),
            p95_note=note_of(int(self.p95_us[group])),
            ipdv_us=number_of(int(self.ipdv_us[group])),
            loss_ratio=float(self.loss_ratio[group]) if sent else None,
            loss_low=float(self.loss_low[group]) if sent else None,
            loss_high=float(self.loss_high[group]) if sent else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """The figures of one group; None where there is no number, with a note that says why.

    `late` is None where an engine could not know it.
    """

    planned: int
    n: int
    answered: int
    late: int | None
    min_us: int | None
    max_us: int | None
    p50_us: int | None
    p95_us: int | None
    p50_note: str | None
    p95_note: str | None
    ipdv_us: int | None
    loss_ratio: float | None
    loss_low: float | None
    loss_high: float | None
    p25_us: int | None = None
    p75_us: int | None = None

    @property
    def pdv_us(self) -> int | None:
        """The packet delay variation: the 95th percentile over the minimum (RFC 5481, 4.2)."""
        if self.p95_us is None or self.min_us is None:
            return None
        return self.p95_us - self.min_us


def wilson(lost: Integers, n: Integers) -> tuple[Floats, Floats]:
    """Return the 95 % score interval of lost / n (Wilson 1927), NaN where n is 0."""
    count = np.where(n > 0, n, 1).astype(np.float64)
    share = lost / count
    spread = Z_95 * np.sqrt(share * (1.0 - share) / count + Z_95**2 / (4.0 * count**2))
    centre = share + Z_95**2 / (2.0 * count)
    scale = 1.0 + Z_95**2 / count
    # The exact bounds at the ends are 0 and 1; rounding alone would miss them.
    low = np.where(lost == 0, 0.0, np.clip((centre - spread) / scale, 0.0, 1.0))
    high = np.where(lost == n, 1.0, np.clip((centre + spread) / scale, 0.0, 1.0))
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def pool(rows: Rows, *, group: Integers, groups: int) -> Figures:
    """Return the figures of `groups` groups; `group` says to which one each row belongs."""
    planned_by_row = np.fromiter((len(item) // 4 for item in rows.probes), np.int64, len(rows))
    position = np.frombuffer(b"".join(rows.probes), dtype="<i4").astype(np.int64)
    group_of = np.repeat(group, planned_by_row)
    sent = position != NOT_SENT
    answered = position >= 0
    n = np.bincount(group_of[sent], minlength=groups)
    answered_count = np.bincount(group_of[answered], minlength=groups)
    unknown = np.bincount(group[~rows.late_known & (planned_by_row > 0)], minlength=groups)
    # Groups and values share one integer, so that a single sort orders values within their groups.
    value = np.where(answered, position, _INFINITE)[sent]
    ordered = np.sort((group_of[sent] << 31) | value) & _INFINITE
    start = np.cumsum(n) - n
    low, high = wilson(n - answered_count, n)
    return Figures(
        planned=np.bincount(group, weights=planned_by_row, minlength=groups).astype(np.int64),
        n=n,
        answered=answered_count,
        late=np.bincount(group_of[position == LATE], minlength=groups),
        late_known=unknown == 0,
        min_us=_at(ordered, start, answered_count > 0),
        max_us=_at(ordered, start + answered_count - 1, answered_count > 0),
        p25_us=_at(ordered, start + nearest_rank(n, percent=25), n >= QUARTILE_LEAST_N),
        p50_us=_at(ordered, start + nearest_rank(n, percent=50), n >= P50_LEAST_N),
        p75_us=_at(ordered, start + nearest_rank(n, percent=75), n >= QUARTILE_LEAST_N),
        p95_us=_at(ordered, start + nearest_rank(n, percent=95), n >= P95_LEAST_N),
        ipdv_us=_ipdv(position, planned_by_row=planned_by_row, group_of=group_of, groups=groups),
        loss_ratio=np.divide(n - answered_count, n, out=np.full(groups, np.nan), where=n > 0),
        loss_low=low,
        loss_high=high,
    )


def nearest_rank(n: Integers, *, percent: int) -> Integers:
    """Return where, from 0, the percentile stands among n ordered values.

    The nearest rank needs no interpolation, which between a number and infinity has no meaning.
    """
    return -(-n * percent // 100) - 1


def state_of(*, resolved: bool, n: int, answered: int, late: int) -> CellState:
    """Return the state of a path by its counts; `tester_bad` is for the caller to say."""
    if not resolved:
        return CellState.DNS_FAILED
    if n == 0:
        return CellState.NOT_RUN
    if answered == 0:
        return CellState.LATE_ONLY if late else CellState.LOST
    if n < P50_LEAST_N:
        return CellState.INSUFFICIENT
    return CellState.OK if answered == n else CellState.LOSSY


def note_of(figure: int) -> str | None:
    """Return what is said instead of a figure, None where the figure stands."""
    if figure >= 0:
        return None
    return LOST_NOTE if figure == LOST_FIGURE else NO_FIGURE_NOTE


def number_of(figure: int) -> int | None:
    """Return a figure, None where there is none."""
    return figure if figure >= 0 else None


def _at(ordered: Integers, index: Integers, valid: NDArray[np.bool_]) -> Integers:
    found = np.full(len(index), NO_FIGURE, dtype=np.int64)
    if len(ordered):
        values = ordered[np.where(valid, index, 0)]
        found[valid] = np.where(values == _INFINITE, LOST_FIGURE, values)[valid]
    return found


def _ipdv(position: Integers, *, planned_by_row: Integers, group_of: Integers, groups: int) -> Integers:
    """Return the mean absolute difference of neighbouring answers within a row (RFC 3393)."""
    if len(position) < 2:
        return np.full(groups, NO_FIGURE, dtype=np.int64)
    row_of = np.repeat(np.arange(len(planned_by_row)), planned_by_row)
    paired = (row_of[1:] == row_of[:-1]) & (position[1:] >= 0) & (position[:-1] >= 0)
    difference = np.abs(np.diff(position))[paired]
    pairs = np.bincount(group_of[1:][paired], minlength=groups)
    total = np.bincount(group_of[1:][paired], weights=difference, minlength=groups)
    mean = np.divide(total, pairs, out=np.zeros(groups), where=pairs > 0)
    return np.where(pairs > 0, np.rint(mean).astype(np.int64), NO_FIGURE)
