"""When a schedule comes due, and what becomes of it."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.decide.facts import Tick
from orchestrator.decide.ticks import (
    MOST_SKIPPED,
    Decision,
    KnownSweep,
    Verdict,
    chosen_testers,
    decide,
    schedule_id_of,
    shortest_interval,
)
from orchestrator.fleet.cron import ticks_after
from orchestrator.fleet.model import Fleet, Schedule, Tester

FLEET_ID = UUID("5f1c8a52-63a5-4a63-a1f4-0d7f6d5a3a11")
THREE = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
"""A tick of the nightly schedule, in UTC."""

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def a_schedule(**fields: object) -> Schedule:
    values: dict[str, object] = {"name": "nightly", "cron": "0 3 * * *"}
    return Schedule.model_validate(values | fields)


NIGHTLY = a_schedule()
NIGHTLY_ID = schedule_id_of(fleet_id=FLEET_ID, schedule="nightly")


def decided(
    schedule: Schedule = NIGHTLY,
    *,
    now: datetime,
    upto: datetime = THREE - HOUR,
    sweeps: list[KnownSweep] | None = None,
) -> list[Decision]:
    return decide(
        schedule,
        schedule_id=NIGHTLY_ID,
        upto=upto,
        now=now,
        sweeps=sweeps or [],
        deadline=timedelta(minutes=90),
    )


def verdicts(decisions: list[Decision]) -> list[tuple[datetime, str]]:
    return [(each.due_at, each.verdict.value) for each in decisions]


def oslo(cron: str, begin: str, end: str) -> list[str]:
    after, until = datetime.fromisoformat(begin), datetime.fromisoformat(end)
    ticks = ticks_after(cron, timezone="Europe/Oslo", after=after)
    found = [tick for tick in islice(ticks, 1_000) if tick <= until]
    return [f"{tick:%d %H:%M}" for tick in found]


def test_a_time_of_day_is_the_local_one_in_summer_and_in_winter() -> None:
    assert oslo("0 3 * * *", "2026-07-01T12:00Z", "2026-07-02T12:00Z") == ["02 01:00"]
    assert oslo("0 3 * * *", "2026-12-01T12:00Z", "2026-12-02T12:00Z") == ["02 02:00"]


def test_a_time_that_the_spring_leaves_out_comes_due_once_right_after_the_gap() -> None:
    # At 01:00 UTC of 29 March clocks go from 02:00 to 03:00.
    spring = ("2026-03-28T12:00Z", "2026-03-29T12:00Z")
    assert oslo("30 2 * * *", *spring) == ["29 01:00"]
    assert oslo("0 2,3 * * *", *spring) == ["29 01:00"]


def test_a_time_that_the_autumn_repeats_comes_due_once() -> None:
    # At 01:00 UTC of 25 October clocks go from 03:00 to 02:00.
    autumn = ("2026-10-24T12:00Z", "2026-10-25T12:00Z")
    assert oslo("30 2 * * *", *autumn) == ["25 00:30"]


def test_every_half_hour_is_every_half_hour_whatever_clocks_do() -> None:
    for begin, end in (
        ("2026-03-28T23:00Z", "2026-03-29T04:00Z"),
        ("2026-10-24T23:00Z", "2026-10-25T04:00Z"),
    ):
        ticks = oslo("*/30 * * * *", begin, end)
        assert len(ticks) == len(set(ticks)) == 10


@given(
    cron=st.sampled_from(["30 2 * * *", "0 2,3 * * *", "*/20 * * * *", "15 */2 * * *", "59 1-3 * * *"]),
    zone=st.sampled_from(["Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"]),
    hours=st.integers(0, 365 * 24),
    cuts=st.lists(st.integers(1, 20), max_size=4),
)
def test_whenever_it_is_asked_again_the_ticks_are_the_same_and_each_comes_once(
    cron: str, zone: str, hours: int, cuts: list[int]
) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC) + hours * HOUR
    straight = list(islice(ticks_after(cron, timezone=zone, after=begin), 90))
    assert straight == sorted(set(straight))
    assert straight[0] > begin

    pieced: list[datetime] = []
    for cut in [*cuts, 90]:
        after = pieced[-1] if pieced else begin
        pieced += islice(ticks_after(cron, timezone=zone, after=after), cut)
    assert pieced[:90] == straight


def test_a_tick_is_begun_when_it_is_due_and_not_before() -> None:
    assert decided(now=THREE - MINUTE / 60) == []
    assert verdicts(decided(now=THREE)) == [(THREE, "start")]


def test_one_that_a_sweep_stands_for_is_not_begun_again() -> None:
    known = KnownSweep(started_at=THREE, ended_at=None, tick=Tick(schedule_id=NIGHTLY_ID, due_at=THREE))
    assert decided(now=THREE + MINUTE, sweeps=[known]) == []
    other = uuid5(FLEET_ID, "weekly")
    foreign = KnownSweep(
        started_at=THREE - 2 * HOUR,
        ended_at=THREE - HOUR,
        tick=Tick(schedule_id=other, due_at=THREE),
    )
    assert verdicts(decided(now=THREE, sweeps=[foreign])) == [(THREE, "start")]


@pytest.mark.parametrize(
    ("missed", "late", "verdict"),
    [
        ("run_latest", 11 * HOUR, "start"),
        ("run_latest", 12 * HOUR, "skip"),
        ("skip", MINUTE, "start"),
        ("skip", 2 * MINUTE, "skip"),
    ],
)
def test_a_missed_tick_is_begun_late_or_skipped_by_policy(missed: str, late: timedelta, verdict: str) -> None:
    assert verdicts(decided(a_schedule(missed=missed), now=THREE + late)) == [(THREE, verdict)]


def test_of_many_missed_ticks_the_latest_alone_is_begun_and_the_others_are_skipped() -> None:
    now = THREE + 2 * timedelta(days=1) + HOUR

    found = decided(now=now)

    assert verdicts(found) == [
        (THREE, "skip"),
        (THREE + timedelta(days=1), "skip"),
        (THREE + timedelta(days=2), "start"),
    ]
    assert found[0].reason == "missed: a later one was due as well"


def test_a_year_of_missed_minutes_is_not_recorded_minute_by_minute() -> None:
    every_minute = a_schedule(cron="* * * * *")

    found = decided(every_minute, upto=THREE - timedelta(days=365), now=THREE)

    assert len(found) == MOST_SKIPPED
    assert verdicts(found)[-1] == (THREE, "start")


def test_a_yearly_tick_that_was_missed_by_months_is_found() -> None:
    yearly = a_schedule(cron="0 3 1 1 *")
    january = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)

    found = decided(yearly, upto=january - HOUR, now=january + timedelta(days=100))

    assert verdicts(found) == [(january, "start")]


@pytest.mark.parametrize(
    ("overlap", "ended_at", "verdict"),
    [
        ("refuse", None, "skip"),
        ("refuse", THREE + HOUR, "skip"),
        ("refuse", THREE - MINUTE, "start"),
        ("queue", None, "wait"),
        ("queue", THREE + HOUR, "start"),
    ],
)
def test_one_that_is_due_while_another_sweep_is_under_way_is_refused_or_queued(
    overlap: str, ended_at: datetime | None, verdict: str
) -> None:
    other = KnownSweep(started_at=THREE - HOUR / 2, ended_at=ended_at)
    now = THREE if ended_at is None or ended_at < THREE else ended_at

    found = decided(a_schedule(overlap=overlap), now=now, sweeps=[other])

    assert verdicts(found) == [(THREE, verdict)]


@pytest.mark.parametrize(("missed", "verdict"), [("skip", "skip"), ("run_latest", "start")])
def test_one_that_waited_and_was_then_forgotten_is_missed(missed: str, verdict: str) -> None:
    other = KnownSweep(started_at=THREE - HOUR / 2, ended_at=THREE + HOUR / 2)
    schedule = a_schedule(overlap="queue", missed=missed)

    assert verdicts(decided(schedule, now=THREE + HOUR / 2 + MINUTE / 2, sweeps=[other])) == [
        (THREE, "start")
    ]
    assert verdicts(decided(schedule, now=THREE + 5 * HOUR, sweeps=[other])) == [(THREE, verdict)]
    # Half of the time to the next one counts from the end of what was in the way.
    assert verdicts(decided(schedule, now=THREE + 13 * HOUR, sweeps=[other])) == [(THREE, "skip")]


def test_two_schedules_due_at_one_moment_overlap_although_one_begins_first() -> None:
    other = KnownSweep(started_at=THREE + MINUTE / 30, ended_at=THREE + HOUR / 2)

    found = decided(now=THREE + HOUR / 2, sweeps=[other])

    assert found == [
        Decision(
            due_at=THREE,
            verdict=Verdict.SKIP,
            reason="overlap: another sweep of the fleet was under way",
        )
    ]


def test_a_sweep_that_nobody_ends_any_more_and_one_that_was_skipped_are_in_nobodys_way() -> None:
    lost = KnownSweep(started_at=THREE - 3 * HOUR, ended_at=None)
    skipped = KnownSweep(started_at=THREE, ended_at=None, is_skipped=True)

    assert verdicts(decided(now=THREE, sweeps=[lost, skipped])) == [(THREE, "start")]


def test_the_shortest_time_between_two_ticks_is_found() -> None:
    assert shortest_interval(a_schedule(cron="0,5 3 * * *"), after=THREE) == 5 * MINUTE


def test_a_schedule_means_testers_and_entries_of_several() -> None:
    fleet = Fleet(name="x", testers=tuple(Tester(name=name) for name in ("oslo", "tokyo-1", "tokyo-2")))

    assert chosen_testers(NIGHTLY, fleet) is None
    assert chosen_testers(a_schedule(testers=["tokyo", "oslo", "gone"]), fleet) == (
        "tokyo-1",
        "tokyo-2",
        "oslo",
    )


@given(
    now_minutes=st.integers(0, 5_000),
    cron=st.sampled_from(["0 3 * * *", "*/7 * * * *"]),
    missed=st.sampled_from(["run_latest", "skip"]),
    overlap=st.sampled_from(["refuse", "queue"]),
    spans=st.lists(st.tuples(st.integers(-200, 4_000), st.integers(1, 200) | st.none()), max_size=4),
)
def test_at_most_the_last_tick_is_begun_and_every_one_is_decided_once(
    now_minutes: int, cron: str, missed: str, overlap: str, spans: list[tuple[int, int | None]]
) -> None:
    now = THREE + now_minutes * MINUTE
    sweeps = [
        KnownSweep(
            started_at=THREE + start * MINUTE,
            ended_at=None if length is None else THREE + (start + length) * MINUTE,
        )
        for start, length in spans
        if THREE + start * MINUTE <= now
    ]
    found = decided(a_schedule(cron=cron, missed=missed, overlap=overlap), now=now, sweeps=sweeps)

    ticks = [each.due_at for each in found]
    assert ticks == sorted(set(ticks))
    assert all(THREE - HOUR < tick <= now for tick in ticks)
    assert all(each.verdict is Verdict.SKIP for each in found[:-1])
    assert all(each.reason for each in found if each.verdict is not Verdict.START)
