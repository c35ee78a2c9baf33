"""Sums of results by path: what a rollup holds, and what figures over long times are made of (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from collector.history.figures import (
    LOST_FIGURE,
    NO_FIGURE,
    P50_LEAST_N,
    P95_LEAST_N,
    QUARTILE_LEAST_N,
    Figures,
    nearest_rank,
    wilson,
)
from collector.history.histogram import Histograms, histograms_of, percentiles_us, unpacked
from wire.report import LATE, NOT_SENT

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

NO_LEAST = 2**31 - 1
NO_MOST = -1
"""What stands for the minimum and the maximum of no answer."""

COUNTS = ("runs", "left_out", "planned", "sent", "answered", "late", "late_unknown")
WHOLE = (*COUNTS, "sum_us", "jitter_sum_us", "jitter_n")
TOTALS = (*WHOLE, "sumsq_us2")
COLUMNS = (*COUNTS, "min_us", "max_us", "sum_us", "sumsq_us2", "jitter_sum_us", "jitter_n", "hist")
"""The columns of a rollup, in the order of its table."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sums:
    """Sums of groups of results, one item for each group.

    `runs` counts results of trusted runs and `left_out` the others, which have no part in anything
    else. `sumsq_us2` is the sum of squared RTTs.
    """

    runs: Integers
    left_out: Integers
    planned: Integers
    sent: Integers
    answered: Integers
    late: Integers
    late_unknown: Integers
    min_us: Integers
    max_us: Integers
    sum_us: Integers
    sumsq_us2: Floats
    jitter_sum_us: Integers
    jitter_n: Integers
    hist: Histograms

    def __len__(self) -> int:
        return len(self.runs)

    def regrouped(self, group: Integers, *, groups: int) -> "Sums":
        """Return these sums added up; `group` says where each one goes."""
        totals = {name: _total(getattr(self, name), group, groups) for name in WHOLE}
        least, most = np.full(groups, NO_LEAST, dtype=np.int64), np.full(groups, NO_MOST, dtype=np.int64)
        np.minimum.at(least, group, self.min_us)
        np.maximum.at(most, group, self.max_us)
        hist = self.hist.regrouped(group, groups=groups)
        squares = _weighed(self.sumsq_us2, group, groups)
        return Sums(**totals, sumsq_us2=squares, min_us=least, max_us=most, hist=hist)

    def figures(self) -> Figures:
        """Return the figures; percentiles are within 1 % of the exact ones (`histogram`)."""
        lost = self.sent - self.answered
        low, high = wilson(lost, self.sent)
        groups = len(self)
        jitter = np.divide(self.jitter_sum_us, self.jitter_n, out=np.zeros(groups), where=self.jitter_n > 0)
        return Figures(
            planned=self.planned,
            n=self.sent,
            answered=self.answered,
            late=self.late,
            late_known=self.late_unknown == 0,
            min_us=np.where(self.answered > 0, self.min_us, NO_FIGURE),
            max_us=np.where(self.answered > 0, self.max_us, NO_FIGURE),
            p25_us=self._percentile(25, least_n=QUARTILE_LEAST_N),
            p50_us=self._percentile(50, least_n=P50_LEAST_N),
            p75_us=self._percentile(75, least_n=QUARTILE_LEAST_N),
            p95_us=self._percentile(95, least_n=P95_LEAST_N),
            ipdv_us=np.where(self.jitter_n > 0, np.rint(jitter).astype(np.int64), NO_FIGURE),
            loss_ratio=np.divide(lost, self.sent, out=np.full(groups, np.nan), where=self.sent > 0),
            loss_low=low,
            loss_high=high,
        )

    def _percentile(self, percent: int, *, least_n: int) -> Integers:
        rank = nearest_rank(self.sent, percent=percent)
        value = percentiles_us(self.hist, rank)
        # No representative leaves what was seen.
        value = np.clip(value, self.min_us, np.maximum(self.max_us, self.min_us))
        value = np.where(rank < self.answered, value, LOST_FIGURE)
        return np.where(self.sent >= least_n, value, NO_FIGURE)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Heaps:
    """Raw results in heaps: all those of one path in a period, or a single one.

    `planned` holds the length of each result, heap after heap, and `results` how many a heap has.
    """

    results: Integers
    planned: Integers
    late_unknown: Integers
    trusted: NDArray[np.bool_]
    probes: Sequence[bytes]


def sums_of(heaps: Heaps, *, group: Integers, groups: int) -> Sums:
    """Return the sums of raw results; `group` says where each heap goes."""
    count = len(heaps.results)
    trusted = heaps.trusted
    left_out = _total(np.where(trusted, 0, heaps.results), group, groups)
    heap_of_result = np.repeat(np.arange(count), heaps.results)
    used = trusted[heap_of_result]
    position = np.frombuffer(
        b"".join(probes for probes, wanted in zip(heaps.probes, trusted, strict=True) if wanted), dtype="<i4"
    )
    lengths = heaps.planned[used]
    group_of_result = group[heap_of_result[used]]
    group_of = np.repeat(group_of_result, lengths)
    answered = position >= 0
    value = position[answered].astype(np.int64)
    of_value = group_of[answered]
    jitter_sum, jitter_n = _jitter(position, lengths, group_of, groups)
    least, most = np.full(groups, NO_LEAST, dtype=np.int64), np.full(groups, NO_MOST, dtype=np.int64)
    np.minimum.at(least, of_value, value)
    np.maximum.at(most, of_value, value)
    planned = np.bincount(group_of, minlength=groups)
    return Sums(
        runs=np.bincount(group_of_result, minlength=groups),
        left_out=left_out,
        planned=planned,
        sent=planned - np.bincount(group_of[position == NOT_SENT], minlength=groups),
        answered=np.bincount(of_value, minlength=groups),
        late=np.bincount(group_of[position == LATE], minlength=groups),
        late_unknown=_total(np.where(trusted, heaps.late_unknown, 0), group, groups),
        min_us=least,
        max_us=most,
        sum_us=_total(value, of_value, groups),
        sumsq_us2=_squares(value, of_value, groups),
        jitter_sum_us=jitter_sum,
        jitter_n=jitter_n,
        hist=histograms_of(value, group=of_value, groups=groups),
    )


def sums_in(columns: Sequence[Sequence[object]], *, group: Integers, groups: int) -> Sums:
    """Return rollups, in the order of `COLUMNS`, added up by `group`."""
    by_name = dict(zip(COLUMNS, columns, strict=True))
    totals = {name: _total(np.array(by_name[name], dtype=np.int64), group, groups) for name in WHOLE}
    squares = _weighed(np.array(by_name["sumsq_us2"], dtype=np.float64), group, groups)
    least, most = np.full(groups, NO_LEAST, dtype=np.int64), np.full(groups, NO_MOST, dtype=np.int64)
    np.minimum.at(least, group, _known(by_name["min_us"], otherwise=NO_LEAST))
    np.maximum.at(most, group, _known(by_name["max_us"], otherwise=NO_MOST))
    hist = unpacked([bytes(item) for item in by_name["hist"]], group=group, groups=groups)  # type: ignore[call-overload]  # the column is of bytes
    return Sums(**totals, sumsq_us2=squares, min_us=least, max_us=most, hist=hist)


def joined(parts: Sequence[Sums]) -> Sums:
    """Return sums one after another."""
    offsets = np.cumsum([0, *(len(part) for part in parts)])
    hists = [part.hist for part in parts]
    hist = Histograms(
        groups=int(offsets[-1]),
        group=np.concatenate([item.group + start for item, start in zip(hists, offsets, strict=False)]),
        bucket=np.concatenate([item.bucket for item in hists]),
        count=np.concatenate([item.count for item in hists]),
    )
    names = [item.name for item in fields(Sums) if item.name != "hist"]
    return Sums(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}, hist=hist
    )


def rows_of(sums: Sums) -> list[tuple[object, ...]]:
    """Return rollups as rows, in the order of `COLUMNS`."""
    some = (sums.answered > 0).tolist()
    columns = [getattr(sums, name).tolist() for name in COLUMNS if name != "hist"]
    for name in ("min_us", "max_us"):
        place = COLUMNS.index(name)
        columns[place] = [
            value if is_there else None for value, is_there in zip(columns[place], some, strict=True)
        ]
    return list(zip(*columns, sums.hist.packed(), strict=True))


def _total(values: Integers, group: Integers, groups: int) -> Integers:
    """Return exact sums: those of floating point end at 2**53."""
    total = np.zeros(groups, dtype=np.int64)
    np.add.at(total, group, values)
    return total


def _squares(value: Integers, group: Integers, groups: int) -> Floats:
    """Return sums of squares that do not depend on the order, which databases do not promise."""
    square = value**2
    # In two halves, neither of which can overflow.
    high, low = _total(square >> 32, group, groups), _total(square & 0xFFFF_FFFF, group, groups)
    return high.astype(np.float64) * 2.0**32 + low.astype(np.float64)


def _weighed(values: Floats, group: Integers, groups: int) -> Floats:
    return np.bincount(group, weights=values, minlength=groups).astype(np.float64)


def _known(values: object, *, otherwise: int) -> Integers:
    assert isinstance(values, Sequence)
    return np.array([otherwise if value is None else value for value in values], dtype=np.int64)


def _jitter(
    position: NDArray[np.int32], lengths: Integers, group_of: Integers, groups: int
) -> tuple[Integers, Integers]:
    """Return sum and number of the absolute differences of neighbouring answers (RFC 3393)."""
    if len(position) < 2:
        return np.zeros(groups, dtype=np.int64), np.zeros(groups, dtype=np.int64)
    paired = (position[1:] >= 0) & (position[:-1] >= 0)
    ends = np.cumsum(lengths)
    ends = ends[(ends > 0) & (ends < len(position))]
    paired[ends - 1] = False
    difference = np.abs(np.diff(position.astype(np.int64))[paired])
    of_pair = group_of[1:][paired]
    return _total(difference, of_pair, groups), np.bincount(of_pair, minlength=groups).astype(np.int64)
