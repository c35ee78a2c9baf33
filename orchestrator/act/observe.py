"""What is so: the collector's runs, and testers that have ended behind the journal's back."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.act.hosts import HostWork
from orchestrator.act.ports import Ports
from orchestrator.decide.facts import KnownRun, RunState
from orchestrator.decide.host import HostState
from orchestrator.events import printable

LONGEST_WORDS = 300


def known_runs(rows: Iterable[dict[str, Any]]) -> list[KnownRun]:
    """Return the collector's runs as plan wants them."""
    return [
        KnownRun(
            run_id=UUID(row["run_id"]),
            tester=row["tester"],
            tester_id=UUID(row["tester_id"]),
            sweep_id=UUID(row["sweep_id"]),
            index=row["index"],
            of=row["of"],
            state=RunState(row["state"]),
            announced_at=_time(row.get("announced_at")),
            expected_s=float(row.get("expected_s") or 0.0),
        )
        for row in rows
    ]


def note_ended_testers(*, repeat: int | None, work: HostWork, ports: Ports) -> None:
    """Journal every tester whose process is gone: with all its runs made, or failed."""
    running = [host for host in ports.journal.hosts() if host.state is HostState.RUNNING]
    alive = ports.place.running([host.name for host in running])
    for host in running:
        if host.name in alive:
            continue
        made = 0
        if host.sweep_id is not None:
            made = ports.place.runs_made(host.name, sweep_id=host.sweep_id, tester_id=host.tester_id)
        if repeat is not None and made >= repeat:
            work.finish(host.name)
        else:
            said = spoken(ports.place.last_words(host.name))
            work.fail(host.name, reason=f"its tester ended: {said}" if said else "its tester was killed")


def spoken(line: str) -> str:
    """Return a line of a tester's log as a sentence: these are JSON, tracebacks are not."""
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    text = line
    if isinstance(event, dict):
        text = next(
            (str(event[key]) for key in ("message", "text", "error", "event") if event.get(key)), line
        )
    return printable(text)[:LONGEST_WORDS]


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
