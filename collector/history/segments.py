"""Which part of a window is answered by which table (pure)."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """From `start` on, up to `end` without it."""

    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Segments:
    """A window in pieces: each moment of it lies in exactly one."""

    days: tuple[Span, ...]
    hours: tuple[Span, ...]
    raw: tuple[Span, ...]


def hour_of(time: datetime) -> datetime:
    """Return the full hour, UTC, that a time lies in."""
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def day_of(time: datetime) -> datetime:
    """Return the midnight, UTC, that a time follows."""
    return hour_of(time).replace(hour=0)


def segments_of(
    *, since: datetime, until: datetime, dirty_hours: Collection[datetime], dirty_days: Collection[datetime]
) -> Segments:
    """Return whole days, then whole hours, then raw edges; what is dirty is asked of what it is made of."""
    hours_dirty = {hour_of(hour) for hour in dirty_hours}
    days_dirty = {day_of(day) for day in dirty_days} | {day_of(hour) for hour in hours_dirty}
    days: list[Span] = []
    hours: list[Span] = []
    raw: list[Span] = []
    at = since
    while at < until:
        day, hour = day_of(at), hour_of(at)
        if at == day and day + DAY <= until and day not in days_dirty:
            end = day + DAY
            days.append(Span(start=at, end=end))
        elif at == hour and hour + HOUR <= until and hour not in hours_dirty:
            end = hour + HOUR
            hours.append(Span(start=at, end=end))
        else:
            end = min(hour + HOUR, until)
            raw.append(Span(start=at, end=end))
        at = end
    return Segments(days=_merged(days), hours=_merged(hours), raw=_merged(raw))


def by_hour(span: Span) -> Iterator[Span]:
    """Give the parts of a span, cut at full hours."""
    at = span.start
    while at < span.end:
        end = min(hour_of(at) + HOUR, span.end)
        yield Span(start=at, end=end)
        at = end


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    found: list[Span] = []
    for span in spans:
        if found and found[-1].end == span.start:
            found[-1] = Span(start=found[-1].start, end=span.end)
        else:
            found.append(span)
    return tuple(found)
