"""What the journal and the collector know of a fleet's sweeps, as one list."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.decide.facts import Sweep, Tick
from orchestrator.decide.ticks import KnownSweep

SKIPPED = "skipped"
NOT_BEGUN = "not begun: "
"""How the note of a tick begins whose sweep could not begin."""


def known_sweeps(own: Iterable[Sweep], rows: Iterable[dict[str, Any]]) -> list[KnownSweep]:
    """Return each sweep once: what the journal has of it counts, since its hosts go after its end."""
    found = {UUID(row["sweep_id"]): _of_row(row) for row in rows}
    for sweep in own:
        found[sweep.sweep_id] = KnownSweep(
            started_at=sweep.started_at, ended_at=sweep.ended_at or sweep.finished_at, tick=sweep.tick
        )
    return list(found.values())


def _of_row(row: dict[str, Any]) -> KnownSweep:
    due_at = _time(row.get("due_at"))
    schedule_id = row.get("schedule_id")
    started_at = _time(row["started_at"])
    assert started_at is not None
    return KnownSweep(
        started_at=started_at,
        ended_at=_time(row.get("finished_at")),
        tick=None
        if due_at is None or not schedule_id
        else Tick(schedule_id=UUID(schedule_id), due_at=due_at),
        is_skipped=row.get("outcome") == SKIPPED or _was_not_begun(row),
    )


def _was_not_begun(row: dict[str, Any]) -> bool:
    """Return whether a tick failed before its sweep had a host: it stands in nobody's way."""
    return row.get("outcome") == "failed" and str(row.get("note") or "").startswith(NOT_BEGUN)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
