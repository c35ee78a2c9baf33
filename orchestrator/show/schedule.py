"""Schedules, what is due next, and what became of what was due, printed."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.decide.ticks import next_tick
from orchestrator.fleet.cron import ticks_after
from orchestrator.fleet.model import Fleet, Schedule
from orchestrator.show.answer import Answer, Cell, Column, Table, Tone, plain
from orchestrator.show.figures import NOTHING
from wire.fields import time_text

SCHEDULES = (
    Column(title="SCHEDULE"),
    Column(title="CRON"),
    Column(title="TIME ZONE"),
    Column(title="TESTERS", extra=3),
    Column(title="MISSED", extra=1),
    Column(title="OVERLAP", extra=2),
    Column(title="NEXT (THERE)"),
)
NEXT = (Column(title="DUE (THERE)"), Column(title="UTC"), Column(title="SCHEDULE"))
HISTORY = (
    Column(title="DUE (UTC)"),
    Column(title="SCHEDULE"),
    Column(title="OUTCOME"),
    Column(title="TOOK", is_number=True),
    Column(title="RUNS", is_number=True),
    Column(title="USD", is_number=True),
    Column(title="SWEEP", extra=1),
)
TONES = {"failed": Tone.BAD, "partial": Tone.WARN, "interrupted": Tone.WARN, "skipped": Tone.FAINT}
TOLD = 5
"""Sweeps of which it is said why they ended as they did."""


def schedules_answer(fleet: Fleet, *, now: datetime) -> Answer:
    """Return the schedules of a fleet."""
    rows = []
    data = []
    for schedule in fleet.schedule:
        due = next_tick(schedule, after=now)
        testers = schedule.testers if schedule.testers == "all" else ", ".join(schedule.testers)
        rows.append(
            plain(
                schedule.name,
                schedule.cron,
                schedule.timezone,
                testers,
                schedule.missed,
                schedule.overlap,
                NOTHING if due is None else _there(due, schedule),
            )
        )
        data.append(schedule.model_dump() | {"next": None if due is None else time_text(due)})
    count = len(rows)
    table = Table(title="", columns=SCHEDULES, rows=tuple(rows))
    return Answer(
        title="Schedules",
        sentence=f"{fleet.name}: {count} schedule{'' if count == 1 else 's'}",
        tables=(table,) if rows else (),
        data={"fleet": fleet.name, "schedules": data},
    )


def next_answer(fleet: Fleet, *, now: datetime, count: int) -> Answer:
    """Return the next `count` moments at which a sweep is due."""
    ticks = list(islice(merge(*(_ticks(each, now=now) for each in fleet.schedule)), count))
    zones = {each.name: each for each in fleet.schedule}
    rows = tuple(plain(_there(at, zones[name]), f"{at:%Y-%m-%d %H:%M}", name) for at, name in ticks)
    return Answer(
        title="Next sweeps",
        sentence=f"{fleet.name}: the next {len(rows)}",
        tables=(Table(title="", columns=NEXT, rows=rows),),
        data={
            "fleet": fleet.name,
            "next": [{"due_at": time_text(at), "schedule": name} for at, name in ticks],
        },
    )


def history_answer(rows: Sequence[dict[str, Any]], *, url: str, now: datetime) -> Answer:
    """Return what became of scheduled sweeps, the newest first; `url` is the collector's."""
    entries = [_entry(row, url=url, now=now) for row in rows]
    table = Table(title="", columns=HISTORY, rows=tuple(_cells(entry) for entry in entries))
    told = [entry for entry in entries if entry["note"]][:TOLD]
    notes = [f"{entry['sweep_id'][:8]} {entry['outcome']}: {entry['note']}" for entry in told]
    if any(entry["report"] for entry in entries):
        notes.append("A sweep's figures: orchestrate report matrix --sweep SWEEP")
    count = len(entries)
    return Answer(
        title="Scheduled sweeps",
        sentence=f"{count} scheduled sweep{'' if count == 1 else 's'}" if count else "nothing was due yet",
        tables=(table,) if entries else (),
        notes=tuple(notes),
        data={"sweeps": entries},
    )


def _entry(row: dict[str, Any], *, url: str, now: datetime) -> dict[str, Any]:
    runs = row["runs"]
    spec = row.get("spec") or {}
    outcome = row["outcome"] or "under way"
    began = sum(runs.values()) > 0 or row["outcome"] is None
    end = now if row["finished_at"] is None else datetime.fromisoformat(row["finished_at"])
    took_s = (end - datetime.fromisoformat(row["started_at"])).total_seconds()
    return {
        "due_at": row["due_at"],
        "schedule": spec.get("schedule") or row["schedule_id"][:8],
        "schedule_id": row["schedule_id"],
        "sweep_id": row["sweep_id"],
        "outcome": outcome,
        "took_s": round(max(0.0, took_s), 1) if began else None,
        "complete": runs["complete"],
        "runs": sum(runs.values()),
        "cost_usd": row.get("cost_usd"),
        "note": row.get("note"),
        "report": f"{url}/api/v1/matrix?sweep_id={row['sweep_id']}" if sum(runs.values()) else None,
    }


def _cells(entry: dict[str, Any]) -> tuple[Cell, ...]:
    due = NOTHING if entry["due_at"] is None else f"{datetime.fromisoformat(entry['due_at']):%Y-%m-%d %H:%M}"
    cost = NOTHING if entry["cost_usd"] is None else f"{entry['cost_usd']:.4f}"
    runs = f"{entry['complete']}/{entry['runs']}" if entry["runs"] else NOTHING
    return (
        Cell(text=due),
        Cell(text=entry["schedule"]),
        Cell(text=entry["outcome"], tone=TONES.get(entry["outcome"], Tone.PLAIN)),
        Cell(text=NOTHING if entry["took_s"] is None else _took(entry["took_s"])),
        Cell(text=runs),
        Cell(text=cost),
        Cell(text=entry["sweep_id"][:8]),
    )


def _ticks(schedule: Schedule, *, now: datetime) -> Iterator[tuple[datetime, str]]:
    for at in ticks_after(schedule.cron, timezone=schedule.timezone, after=now):
        yield at, schedule.name


def _there(at: datetime, schedule: Schedule) -> str:
    return f"{at.astimezone(ZoneInfo(schedule.timezone)):%a %Y-%m-%d %H:%M %Z}"


def _took(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
