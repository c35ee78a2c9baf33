"""What becomes of the moments at which a schedule came due: pure, so that a year passes in a test."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice, pairwise, takewhile
from uuid import UUID, uuid5

from orchestrator.decide.facts import Tick
from orchestrator.fleet.cron import ticks_after
from orchestrator.fleet.model import Fleet, Schedule

ON_TIME = timedelta(seconds=60)
"""A tick that is no older was not missed."""

LOOK_BACK = timedelta(days=7)
MOST_SKIPPED = 20
"""Ticks that are recorded as skipped at once: the latest ones."""

LOST_AFTER = timedelta(minutes=30)
"""A sweep that is open this long after its deadline has nobody any more who would end it."""

NEXT_LOOKED_AT = 200
"""Ticks that are held against each other when a schedule may overlap itself."""


class Verdict(StrEnum):
    """What is to be done about a tick."""

    START = "start"
    SKIP = "skip"
    WAIT = "wait"
    """Another sweep is under way; it is looked at again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """A tick, what is to be done about it, and why it is not begun."""

    due_at: datetime
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownSweep:
    """A sweep of the fleet, whoever began it; `ended_at` None: it is under way."""

    started_at: datetime
    ended_at: datetime | None
    tick: Tick | None = None
    is_skipped: bool = False


def schedule_id_of(*, fleet_id: UUID, schedule: str) -> UUID:
    """Return the UUID of a fleet's schedule: the same wherever the fleet is worked on."""
    return uuid5(fleet_id, schedule)


def timing_id_of(schedule: Schedule, *, schedule_id: UUID) -> UUID:
    """Return the UUID of when a schedule comes due: another once its cron line or time zone is another."""
    return uuid5(schedule_id, f"{schedule.cron} {schedule.timezone}")


def next_tick(schedule: Schedule, *, after: datetime) -> datetime | None:
    """Return when a schedule comes due next, None for never again."""
    return next(ticks_after(schedule.cron, timezone=schedule.timezone, after=after), None)


def chosen_testers(schedule: Schedule, fleet: Fleet) -> tuple[str, ...] | None:
    """Return the testers that a schedule means, None: all. An entry of several testers means each.

    Names that the fleet does not have (any more) are left out.
    """
    if schedule.testers == "all":
        return None
    names = [tester.name for tester in fleet.testers]
    meant: list[str] = []
    for name in schedule.testers:
        meant += [name] if name in names else [each for each in names if each.startswith(f"{name}-")]
    return tuple(dict.fromkeys(meant))


def decide(
    schedule: Schedule, *, schedule_id: UUID, upto: datetime, now: datetime, sweeps: Iterable[KnownSweep],
    deadline: timedelta,
) -> list[Decision]:  # fmt: skip
    """Return what becomes of each tick after `upto`; at most the last one is started.

    `sweeps` are the fleet's: a tick that one of them stands for is not decided again.
    """
    sweeps = list(sweeps)
    known = [each.tick.due_at for each in sweeps if each.tick and each.tick.schedule_id == schedule_id]
    upto = max([upto, *known])
    due = _due(schedule, upto=upto, now=now)
    if not due:
        return []
    *earlier, latest = due
    decisions = [
        Decision(due_at=at, verdict=Verdict.SKIP, reason="missed: a later one was due as well")
        for at in earlier
    ]
    return [*decisions, _of_latest(schedule, latest, now=now, sweeps=sweeps, deadline=deadline)]


def shortest_interval(schedule: Schedule, *, after: datetime) -> timedelta | None:
    """Return the least time between two of the next ticks, None where there are no two."""
    ticks = list(islice(ticks_after(schedule.cron, timezone=schedule.timezone, after=after), NEXT_LOOKED_AT))
    return min((later - earlier for earlier, later in pairwise(ticks)), default=None)


def _due(schedule: Schedule, *, upto: datetime, now: datetime) -> list[datetime]:
    """Return the ticks after `upto`, of many the latest."""
    for begin in dict.fromkeys((max(upto, now - LOOK_BACK), upto)):
        ticks = ticks_after(schedule.cron, timezone=schedule.timezone, after=begin)
        # Whoever slept for a year with ticks by the minute does not count all of them.
        if found := list(deque(takewhile(lambda at: at <= now, ticks), maxlen=MOST_SKIPPED)):
            return found
    return []


def _of_latest(
    schedule: Schedule, due_at: datetime, *, now: datetime, sweeps: Iterable[KnownSweep], deadline: timedelta
) -> Decision:
    in_the_way = [
        each
        for each in sweeps
        if not each.is_skipped
        and each.started_at <= due_at + ON_TIME
        and (each.ended_at is None or each.ended_at > due_at)
        and not (each.ended_at is None and each.started_at + deadline + LOST_AFTER < now)
    ]
    if in_the_way and schedule.overlap == "refuse":
        reason = "overlap: another sweep of the fleet was under way"
        return Decision(due_at=due_at, verdict=Verdict.SKIP, reason=reason)
    if any(each.ended_at is None for each in in_the_way):
        reason = "waits for another sweep of the fleet"
        return Decision(due_at=due_at, verdict=Verdict.WAIT, reason=reason)
    # A tick that had to wait for another sweep was on time when that ended.
    free = max([due_at, *(each.ended_at for each in in_the_way if each.ended_at)])
    if now - free <= ON_TIME:
        return Decision(due_at=due_at, verdict=Verdict.START)
    if schedule.missed == "skip":
        return Decision(due_at=due_at, verdict=Verdict.SKIP, reason="missed: nobody was there to begin it")
    following = next_tick(schedule, after=due_at)
    if following is None or now - free < (following - due_at) / 2:
        return Decision(due_at=due_at, verdict=Verdict.START)
    reason = "missed: half the time to the next one was over"
    return Decision(due_at=due_at, verdict=Verdict.SKIP, reason=reason)
