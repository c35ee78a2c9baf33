from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from collector.history.segments import DAY, HOUR, Span, day_of, hour_of, segments_of

START = datetime(2026, 3, 1, tzinfo=UTC)
MOMENT = st.integers(0, 6 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
HOURS = st.sets(st.integers(0, 6 * 24).map(lambda number: START + number * HOUR), max_size=5)
DAYS = st.sets(st.integers(0, 6).map(lambda number: START + number * DAY), max_size=2)


@given(since=MOMENT, until=MOMENT, hours=HOURS, days=DAYS)
def test_the_pieces_are_the_window_and_what_is_dirty_is_asked_of_what_it_is_made_of(
    since: datetime, until: datetime, hours: set[datetime], days: set[datetime]
) -> None:
    found = segments_of(since=since, until=until, dirty_hours=hours, dirty_days=days)

    pieces = sorted((*found.days, *found.hours, *found.raw), key=lambda span: span.start)
    if since >= until:
        assert pieces == []
        return
    assert (pieces[0].start, pieces[-1].end) == (since, until)
    assert all(one.end == other.start for one, other in pairwise(pieces))
    assert all(span.start == day_of(span.start) and span.end == day_of(span.end) for span in found.days)
    assert all(span.start == hour_of(span.start) and span.end == hour_of(span.end) for span in found.hours)
    for hour in hours:
        assert not any(span.start <= hour < span.end for span in (*found.hours, *found.days))
    for day in days:
        assert not any(span.start <= day < span.end for span in found.days)


def test_whole_days_come_first_then_whole_hours_then_the_edges() -> None:
    since, until = START + timedelta(hours=22, minutes=30), START + timedelta(days=2, hours=1, minutes=1)
    found = segments_of(since=since, until=until, dirty_hours=(), dirty_days=())

    assert found.days == (Span(start=START + DAY, end=START + 2 * DAY),)
    assert found.hours == (
        Span(start=START + 23 * HOUR, end=START + DAY),
        Span(start=START + 2 * DAY, end=START + 2 * DAY + HOUR),
    )
    assert found.raw == (Span(start=since, end=START + 23 * HOUR), Span(start=START + 49 * HOUR, end=until))
