"""Cron expressions and time zones: what is wrong with one, and when it comes due."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError

from orchestrator.fleet.nearest import nearest

FIELDS = ("minute", "hour", "day of month", "month", "day of week")
SOME_DAY = datetime(2024, 1, 1, tzinfo=UTC)


def cron_problem(text: str) -> tuple[str, str] | None:
    """Return what is wrong with an expression and what to do, None where nothing is."""
    parts = text.split()
    if len(parts) == len(FIELDS) + 1:
        return f"`{text}` has six fields", f"seconds are not known here: leave `{parts[0]}` out"
    if len(parts) != len(FIELDS):
        return f"`{text}` is not a cron expression", 'it has five fields, such as "0 3 * * *"'
    for place, name in enumerate(FIELDS):
        # Each field alone, so that the one that is wrong can be named.
        alone = " ".join(part if at == place else "*" for at, part in enumerate(parts))
        try:
            CronSim(alone, SOME_DAY)
        except CronSimError:
            return f"`{parts[place]}` is no {name}", 'write for example "30 3 * * 1-5"'
    try:
        next(CronSim(text, SOME_DAY))
    except (CronSimError, StopIteration):
        return f"`{text}` never comes due", "there is no such date"
    return None


def zone_problem(name: str) -> tuple[str, str] | None:
    """Return what is wrong with the name of a time zone and what to do, None where nothing is."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = available_timezones()
        if not known:
            return f"time zone `{name}` cannot be looked up", "this machine has no time zones: install tzdata"
        by_lower = {zone.lower(): zone for zone in known}
        guess = nearest(name, by_lower)
        hint = (
            "write an IANA name such as Europe/Oslo"
            if guess is None
            else f"did you mean `{by_lower[guess]}`?"
        )
        return f"unknown time zone `{name}`", hint
    return None


def ticks_after(cron: str, *, timezone: str, after: datetime) -> Iterator[datetime]:
    """Yield when an expression comes due after a moment, in UTC, each moment once.

    As Debian's cron has it: a time of day that a clock change leaves out comes due right after the
    gap, one that it repeats comes due the first time; `*` in minutes or hours follows real time.
    """
    last = after
    for tick in CronSim(cron, after.astimezone(ZoneInfo(timezone))):
        at = tick.astimezone(UTC)
        if at > last:
            last = at
            yield at
