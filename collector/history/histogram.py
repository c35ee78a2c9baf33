"""Histograms of RTTs whose percentiles are within 1 % of the exact ones (pure).

Buckets are intervals of whole microseconds, each with a representative that no member differs from
by more than 1 % of the member. Up to 100 us each bucket is one value, so small RTTs stay exact.
The idea of buckets with a bound on the relative error is DDSketch's (Masson, Rim and Lee, 2019);
its logarithmic buckets have representatives that are no whole microseconds.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from wire.report import MAX_RTT_US

Integers = NDArray[np.int64]

RELATIVE_ERROR = 0.01
MOST_IN_A_PAIR = 2**16 - 1
_TOGETHER = 32
"""Histograms that are unpacked at a time."""

_DIRECT = 2**20
"""Below it a value's bucket stands in a table; only RTTs over a second are searched for."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Histograms:
    """The histograms of `groups` groups: how many values of a group lie in a bucket, without zeros."""

    groups: int
    group: Integers
    bucket: Integers
    count: Integers

    def regrouped(self, group: Integers, *, groups: int) -> "Histograms":
        """Return these histograms added up; `group` says where each one goes."""
        return _added(group[self.group] if self.groups else self.group, self.bucket, self.count, groups)

    def packed(self) -> list[bytes]:
        """Return each histogram as pairs of little-endian uint16: bucket, count.

        A count that one pair cannot hold takes several, so that histograms are added up by
        putting their bytes one after another.
        """
        pairs_of = np.maximum(1, -(-self.count // MOST_IN_A_PAIR))
        entry = np.repeat(np.arange(len(self.count)), pairs_of)
        nth = np.arange(len(entry)) - np.repeat(np.cumsum(pairs_of) - pairs_of, pairs_of)
        left = self.count[entry] - nth * MOST_IN_A_PAIR
        pairs = np.empty((len(entry), 2), dtype="<u2")
        pairs[:, 0] = self.bucket[entry]
        pairs[:, 1] = np.minimum(left, MOST_IN_A_PAIR)
        data = pairs.tobytes()
        ends = (np.cumsum(np.bincount(self.group[entry], minlength=self.groups)) * 4).tolist()
        return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def histograms_of(values_us: Integers, *, group: Integers, groups: int) -> Histograms:
    """Return the histograms of RTTs; `group` says to which one each value belongs."""
    return _added(group, bucket_of(values_us), np.ones(len(values_us), dtype=np.int64), groups)


def unpacked(packed: list[bytes], *, group: Integers, groups: int) -> Histograms:
    """Return packed histograms, added up by `group`."""
    if len(packed) > _TOGETHER and bool(np.all(np.diff(group) > 0)):
        # Each is a group of its own: what is added at a time stays in the processor's cache.
        starts = range(0, len(packed), _TOGETHER)
        parts = [
            _unpacked(packed[start : start + _TOGETHER], np.arange(min(_TOGETHER, len(packed) - start)))
            for start in starts
        ]
        return Histograms(
            groups=groups,
            group=group[
                np.concatenate([part.group + start for part, start in zip(parts, starts, strict=True)])
            ],
            bucket=np.concatenate([part.bucket for part in parts]),
            count=np.concatenate([part.count for part in parts]),
        )
    return _unpacked(packed, group, groups=groups)


def _unpacked(packed: list[bytes], group: Integers, *, groups: int | None = None) -> Histograms:
    pairs = np.frombuffer(b"".join(packed), dtype="<u2").reshape(-1, 2).astype(np.int64)
    lengths = np.fromiter((len(item) // 4 for item in packed), np.int64, len(packed))
    return _added(
        np.repeat(group, lengths), pairs[:, 0], pairs[:, 1], len(packed) if groups is None else groups
    )


def percentiles_us(histograms: Histograms, rank: Integers) -> Integers:
    """Return the representative of the value at a rank from 0, for each group; -1 beyond the last."""
    total = np.bincount(histograms.group, weights=histograms.count, minlength=histograms.groups)
    before = np.cumsum(total) - total
    found = np.full(histograms.groups, -1, dtype=np.int64)
    inside = (rank >= 0) & (rank < total)
    # Entries are in the order of group and bucket, so one cumulative sum serves all groups.
    upto = np.cumsum(histograms.count)
    place = np.searchsorted(upto, (before + rank)[inside], side="right")
    found[inside] = representatives()[histograms.bucket[place]]
    return found


def bucket_of(values_us: Integers) -> Integers:
    """Return the bucket of each RTT."""
    direct, ends = _tables()
    small = values_us < _DIRECT
    if bool(small.all()):
        return direct[values_us].astype(np.int64)
    found = np.empty(len(values_us), dtype=np.int64)
    found[small] = direct[values_us[small]]
    found[~small] = np.searchsorted(ends, values_us[~small])
    return found


@cache
def representatives() -> Integers:
    """Return what stands for each bucket, in microseconds."""
    return _edges()[0]


@cache
def _edges() -> tuple[Integers, Integers]:
    """Return the representative and the last value of each bucket."""
    middle, last = [], []
    start = 0
    while start <= MAX_RTT_US:
        # Whole-number arithmetic: r <= 1.01 * start and end <= r / 0.99.
        representative = start * 101 // 100
        end = representative * 100 // 99
        middle.append(representative)
        last.append(end)
        start = end + 1
    return np.array(middle, dtype=np.int64), np.array(last, dtype=np.int64)


@cache
def _tables() -> tuple[NDArray[np.uint16], Integers]:
    ends = _edges()[1]
    return np.searchsorted(ends, np.arange(_DIRECT)).astype(np.uint16), ends


def _added(group: Integers, bucket: Integers, count: Integers, groups: int) -> Histograms:
    width = len(representatives())
    key = group * width + bucket
    if groups * width <= 8 * len(key) + 1_000_000:
        dense = np.bincount(key, weights=count, minlength=groups * width)
        known = np.flatnonzero(dense)
        sums = dense[known]
    else:
        known, place = np.unique(key, return_inverse=True)
        sums = np.bincount(place, weights=count, minlength=len(known))
    return Histograms(
        groups=groups, group=known // width, bucket=known % width, count=np.rint(sums).astype(np.int64)
    )
