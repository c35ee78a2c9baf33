"""Periods of one length that a window is cut into (pure)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from collector.history.segments import DAY, HOUR

MINUTE = timedelta(minutes=1)
LENGTHS = {"m": MINUTE, "h": HOUR, "d": DAY}
NICE = tuple(
    count * unit
    for unit, counts in ((MINUTE, (1, 2, 5, 10, 15, 30)), (HOUR, (1, 2, 3, 6, 12)), (DAY, (1, 2, 7, 14, 28)))
    for count in counts
)
"""Lengths that a person would choose; beyond them whole multiples of the last."""

FIRST_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
"""Periods are counted from here: days begin at midnight UTC, seven of them on a Monday."""

_TEXT = re.compile(r"([1-9]\d{0,3})([mhd])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """A length of whole minutes below an hour, of whole hours below a day, or of whole days."""

    length: timedelta

    def start_of(self, time: datetime) -> datetime:
        """Return when the period begins that a time lies in."""
        return FIRST_MONDAY + (time - FIRST_MONDAY) // self.length * self.length

    def count(self, since: datetime, until: datetime) -> int:
        """Return how many periods a window touches; `until` is not part of it."""
        if until <= since:
            return 0
        return -(-(until - self.start_of(since)) // self.length)

    @property
    def is_raw(self) -> bool:
        """Whether it is cut finer than sums are kept."""
        return self.length % HOUR != timedelta(0)

    @property
    def is_of_days(self) -> bool:
        """Whether it is made of whole days."""
        return self.length % DAY == timedelta(0)

    def __str__(self) -> str:
        """Return it as it is asked for."""
        for letter in "dhm":
            if self.length % LENGTHS[letter] == timedelta(0):
                return f"{self.length // LENGTHS[letter]}{letter}"
        raise AssertionError(self.length)


def period_of(text: str) -> Period | None:
    """Return the period that a text like 15m, 6h or 7d spells, None for any other text."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    length = int(found[1]) * LENGTHS[found[2]]
    # Beyond an hour sums are all there is, beyond a day whole days.
    if (length > HOUR and length % HOUR) or (length > DAY and length % DAY):
        return None
    return Period(length=length)


def fitting(since: datetime, until: datetime, *, points: int, least: timedelta = MINUTE) -> Period:
    """Return the shortest period of a nice length that cuts a window into at most `points`, 2 or more.

    One will not do: a period of any length may begin within the window.
    """
    longest = NICE[-1]
    for length in NICE:
        period = Period(length=length)
        if length >= least and period.count(since, until) <= points:
            return period
    times = 1
    while Period(length=times * longest).count(since, until) > points:
        times *= 2
    return Period(length=times * longest)
