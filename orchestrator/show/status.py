"""How a fleet is, as a table and as JSON."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from orchestrator.decide.facts import Sweep
from orchestrator.decide.host import Host
from orchestrator.events import printable
from orchestrator.show.plain import duration
from wire.fields import time_text

HEAD = ("TESTER", "STATE", "SINCE", "RUNS", "HOST")


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetStatus:
    """A fleet as the journal knows it.

    `gone` holds hosts whose tester does not run although the journal says so, `silent` those whose
    engine does not answer, `runs` the ended runs of the newest sweep by tester; these are known only
    where somebody `refreshed`.
    """

    fleet: str
    fleet_id: UUID
    source: str
    collector_url: str | None
    is_embedded: bool
    hosts: tuple[Host, ...]
    gone: frozenset[str]
    silent: frozenset[str]
    sweep: Sweep | None
    outcome: str | None
    runs: dict[str, int] | None
    refreshed: bool


def status_text(status: FleetStatus, *, now: datetime) -> str:
    """Return a fleet's state as a table and three sentences."""
    rows = [HEAD]
    for host in status.hosts:
        state = host.state.value + _seen(host, status)
        runs = "-" if status.runs is None else str(status.runs.get(host.tester, 0))
        since = duration(max(0.0, (now - host.since).total_seconds()))
        rows.append((printable(host.tester), state, since, runs, host.name))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [f"{status.fleet} ({status.fleet_id}), from {printable(status.source)}", ""]
    if status.hosts:
        lines += [
            ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
            for row in rows
        ]
    else:
        lines.append("  no hosts")
    lines += ["", _sweep(status), _collector(status)]
    return "\n".join(lines) + "\n"


def status_json(status: FleetStatus) -> str:
    """Return a fleet's state as one JSON object."""
    sweep = status.sweep
    body = {
        "v": 1,
        "fleet": status.fleet,
        "fleet_id": str(status.fleet_id),
        "source": status.source,
        "collector": {"url": status.collector_url, "embedded": status.is_embedded},
        "sweep": None
        if sweep is None
        else {
            "sweep_id": str(sweep.sweep_id),
            "started_at": time_text(sweep.started_at),
            "finished_at": None if sweep.finished_at is None else time_text(sweep.finished_at),
            "outcome": status.outcome,
        },
        "hosts": [
            {
                "host": host.name,
                "tester": host.tester,
                "tester_id": str(host.tester_id),
                "driver": host.driver,
                "region": host.region,
                "state": host.state.value,
                "since": time_text(host.since),
                "runs": None if status.runs is None else status.runs.get(host.tester, 0),
                "is_gone": host.name in status.gone if status.refreshed else None,
                "is_silent": host.name in status.silent if status.refreshed else None,
            }
            for host in status.hosts
        ],
    }
    return json.dumps(body, indent=2) + "\n"


def _seen(host: Host, status: FleetStatus) -> str:
    if host.name in status.gone:
        return " (its tester is gone)"
    return " (its engine does not answer)" if host.name in status.silent else ""


def _sweep(status: FleetStatus) -> str:
    if status.sweep is None:
        return "No sweep was begun."
    if status.sweep.finished_at is None:
        return f"Sweep {status.sweep.sweep_id} is open since {time_text(status.sweep.started_at)}."
    return f"Sweep {status.sweep.sweep_id} ended {status.outcome} at {time_text(status.sweep.finished_at)}."


def _collector(status: FleetStatus) -> str:
    if not status.is_embedded:
        return f"Collector: {printable(str(status.collector_url))}."
    if not status.refreshed:
        return "Collector: embedded; --refresh says whether it runs."
    if status.collector_url is None:
        return "Collector: embedded, stopped; its results stay."
    return f"Collector: embedded, at {status.collector_url}."
