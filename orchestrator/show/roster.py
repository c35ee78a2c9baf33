"""The testers table, printed."""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.show.answer import Answer, Cell, Column, Table, Tone
from orchestrator.show.figures import NOTHING, time_text

COLUMNS = (
    Column(title="TESTER"),
    Column(title="FLEET", extra=2),
    Column(title="REGION"),
    Column(title="DRIVER"),
    Column(title="PROVIDER", extra=1),
    Column(title="STATE"),
    Column(title="LAST SEEN (UTC)", extra=3),
)
RECORD = (
    "tester_id",
    "fleet",
    "name",
    "location",
    "vps_provider",
    "created_at",
    "retired_at",
    "last_seen_at",
)


def roster_answer(rows: Sequence[dict[str, Any]]) -> Answer:
    """Return the testers table as a report."""
    living = sum(row.get("retired_at") is None for row in rows)
    retired = f", {len(rows) - living} retired" if living < len(rows) else ""
    table = Table(title="", columns=COLUMNS, rows=tuple(_row(row) for row in rows))
    return Answer(
        title="Testers",
        sentence=f"{living} tester{'' if living == 1 else 's'}{retired}",
        tables=(table,) if rows else (),
        records=tuple({key: row.get(key) for key in RECORD} | {"driver": driver_of(row)} for row in rows),
        data={"testers": list(rows)},
    )


def driver_of(row: Mapping[str, Any]) -> str | None:
    """Return the driver that a row names, None where it leaves that to its provider."""
    driver = (row.get("config") or {}).get("driver")
    return None if driver is None else str(driver)


def _row(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    gone = row.get("retired_at") is not None
    heartbeat = row.get("heartbeat") or {}
    state = "retired" if gone else str(heartbeat.get("state") or NOTHING)
    return (
        Cell(text=row["name"]),
        Cell(text=row.get("fleet") or NOTHING),
        Cell(text=row.get("location") or NOTHING),
        Cell(text=driver_of(row) or NOTHING),
        Cell(text=row.get("vps_provider") or NOTHING),
        Cell(text=state, tone=Tone.FAINT if gone else Tone.PLAIN),
        Cell(text=time_text(row.get("last_seen_at"))),
    )
