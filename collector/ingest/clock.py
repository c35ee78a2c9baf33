"""When a run was, by the collector's clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""No report is older than the first tester: an earlier time is a clock that was never set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunTimes:
    """Begin and end of a run, corrected, and whether they had to be."""

    started_at: datetime
    finished_at: datetime
    corrected: bool


def offset_us(*, tester_time: datetime | None, now: datetime) -> int | None:
    """Return the tester's clock minus ours, in microseconds."""
    return None if tester_time is None else (tester_time - now) // timedelta(microseconds=1)


def run_times(
    *,
    started_at: datetime,
    finished_at: datetime,
    clock_offset_us: int | None,
    now: datetime,
    most: timedelta,
) -> RunTimes:
    """Return the times of a run by our clock.

    An offset beyond `most` is taken off. What lies in the future even so, or before the first
    tester, is impossible: it becomes `now`. A wrong clock is never a reason to refuse a result.
    """
    start, corrected = started_at, False
    if clock_offset_us is not None and abs(clock_offset_us) > most / timedelta(microseconds=1):
        start, corrected = _moved(started_at, -clock_offset_us, otherwise=now), True
    if not EARLIEST <= start <= now + most:
        start, corrected = now, True
    lasted = max(finished_at - started_at, timedelta(0))
    end = min(_moved(start, lasted // timedelta(microseconds=1), otherwise=now), max(start, now + most))
    return RunTimes(started_at=start, finished_at=end, corrected=corrected)


def _moved(time: datetime, by_us: int, *, otherwise: datetime) -> datetime:
    try:
        return time + timedelta(microseconds=by_us)
    except OverflowError:
        return otherwise
