"""Which sweep, and since when, a report is of."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from orchestrator.errors import ConfigurationError

if TYPE_CHECKING:
    from orchestrator.commands.open_results import Results

NAMED = {"newest": 0, "last": 0, "previous": 1}
LEAST_PREFIX = 4
SWEEPS_SEARCHED = 1_000
SKIPPED = "skipped"
"""The outcome of a sweep that was due and not begun."""

_BEFORE_LAST = re.compile(r"last~(\d{1,4})", re.ASCII)
NAMES_HELP = "a sweep's UUID or the beginning of it, `last`, or `last~1` for the one before"


def since_of(text: str | None, *, now: datetime) -> datetime | None:
    """Return the moment in a text such as 24h or 2026-11-20T12:00Z; raise `ConfigurationError`."""
    if text is None:
        return None
    from orchestrator.fleet.quantities import seconds_of

    try:
        return now - timedelta(seconds=seconds_of(text))
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise ConfigurationError(
            f"--since {text!r} is not a time",
            next_step="write 24h, 7d, or a time with its zone: 2026-11-20T12:00Z",
        )
    return time


def sweep_or_none(results: "Results", text: str | None) -> UUID | None:
    """Return the sweep that a text names, None without a text."""
    return None if text is None else sweep_of(results, text)


def sweep_of(results: "Results", text: str) -> UUID:
    """Return the sweep that a text names; raise `ConfigurationError` where that is none, or several."""
    try:
        return UUID(text)
    except ValueError:
        pass
    before_last = _BEFORE_LAST.fullmatch(text)
    if text in NAMED or before_last is not None:
        place = NAMED[text] if before_last is None else int(before_last.group(1))
        return _named(results, text, place=place)
    alike = _alike(results, text) if len(text) >= LEAST_PREFIX else []
    if len(alike) == 1:
        return UUID(alike[0])
    raise ConfigurationError(
        f"{text!r} is " + ("the beginning of several sweeps' ids" if alike else "no sweep of this fleet"),
        next_step=f"give {NAMES_HELP}",
    )


def _named(results: "Results", text: str, *, place: int) -> UUID:
    begun: list[dict[str, Any]] = []
    for sweep in results.client.sweeps(fleet=results.fleet, limit=SWEEPS_SEARCHED):
        if sweep.get("outcome") != SKIPPED:
            begun.append(sweep)
        if len(begun) > place:
            return UUID(begun[place]["sweep_id"])
    have = f"it has {len(begun)}" if begun else "it has none yet"
    raise ConfigurationError(f"the fleet has no {text} sweep: {have}", next_step="orchestrate sweep")


def _alike(results: "Results", text: str) -> list[str]:
    sweeps = results.client.sweeps(fleet=results.fleet, limit=SWEEPS_SEARCHED)
    return [sweep["sweep_id"] for sweep in sweeps if sweep["sweep_id"].startswith(text.lower())]
