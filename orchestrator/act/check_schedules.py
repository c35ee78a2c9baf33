"""What should be known of a fleet's schedules before they are due."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from orchestrator.act.check_hosts import Caution
from orchestrator.decide.ticks import chosen_testers, next_tick, shortest_interval
from orchestrator.fleet.model import Fleet
from orchestrator.fleet.quantities import duration_text


def check_schedules(fleet: Fleet, *, now: datetime) -> str:
    """Return how many there are, and which is due first."""
    ticks = {schedule.name: next_tick(schedule, after=now) for schedule in fleet.schedule}
    due = sorted((tick, name) for name, tick in ticks.items() if tick is not None)
    count = f"{len(ticks)} schedule{'' if len(ticks) == 1 else 's'}"
    return f"{count}, {due[0][1]} is due at {due[0][0]:%Y-%m-%d %H:%M} UTC" if due else count


def schedule_cautions(fleet: Fleet, *, now: datetime) -> Iterator[Caution]:
    """Yield what is odd: one that may overlap itself, one that nobody measures for, runs without an end."""
    limit = timedelta(seconds=fleet.limits.deadline_s)
    for schedule in fleet.schedule:
        interval = shortest_interval(schedule, after=now)
        if interval is not None and interval < limit:
            every, most = (duration_text(each.total_seconds()) for each in (interval, limit))
            fate = "skipped" if schedule.overlap == "refuse" else "begun late"
            yield Caution(
                detail=f"schedule `{schedule.name}` may overlap itself",
                cause=f"it comes due every {every}, and a sweep may take {most} (`limits.deadline`):"
                f" what is due meanwhile is {fate}",
                next_step="lower `limits.deadline`, or let it come due less often",
            )
        if chosen_testers(schedule, fleet) == ():
            yield Caution(
                detail=f"schedule `{schedule.name}` has no tester that is in the fleet",
                next_step="mend its `testers`",
            )
    if fleet.run.repeat is None:
        yield Caution(
            detail="schedules need runs that end, and this fleet has `run: forever`",
            next_step="write `run: once` or {repeat: 12, every: 5m}",
        )
