"""A plan as a table, and as JSON."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from math import fsum
from typing import Any
from uuid import UUID

from orchestrator.decide.actions import (
    AbandonRun,
    Action,
    CreateHost,
    DrainHost,
    KeepHost,
    RemoveHost,
    ReplaceTester,
    StartTester,
    UpdateJob,
)
from orchestrator.events import printable
from orchestrator.fleet.model import Fleet, Tester
from orchestrator.show.plain import duration

Prices = Mapping[str, float | None]

WIDTH = 80
LONGEST_NAME = 20
HEAD = ("TESTER", "WHERE", "DRIVER", "SPOT", "USD/h", "CHANGE")
RUN_OVERHEAD_S = 1.0
FREE = ("local", "docker", "generic", "none")
"""Drivers that make no host: nobody is paid for it."""


def plan_text(fleet: Fleet, actions: Sequence[Action], *, prices: Prices | None = None) -> str:
    """Return the table of `orchestrate plan`, at most 80 columns wide.

    `prices` has USD per hour of each tester's host that costs something, None where nobody knows.
    """
    prices = {} if prices is None else prices
    changes = _changes(actions)
    rows = [
        _row(fleet.tester(name), name=name, change=change, usd=_usd_text(name, prices))
        for name, change in sorted(changes.items(), key=lambda item: _order(fleet).get(item[0], len(changes)))
    ]
    runs = "runs without an end" if fleet.run.repeat is None else _count(fleet.run.repeat, "run") + " each"
    testers, servers = _count(len(fleet.testers), "tester"), _count(len(fleet.servers), "server")
    lines = [f"{printable(fleet.source)} ok: {testers}, {servers}, {runs}", ""]
    lines += _table(rows) if rows else ["  nothing to change"]
    create = sum(isinstance(action, CreateHost) for action in actions)
    keep = sum(isinstance(action, KeepHost) for action in actions)
    remove = sum(isinstance(action, RemoveHost) for action in actions)
    total = f"Plan: {create} to create, {keep} to keep, {remove} to remove."
    if fleet.run.repeat is not None and any(not isinstance(action, KeepHost) for action in actions):
        total += f" About {duration(_sweep_s(fleet))}, {_price_text(fleet, prices)}"
    lines += ["", total]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def plan_json(fleet: Fleet, actions: Sequence[Action], *, prices: Prices | None = None) -> str:
    """Return a plan as one JSON object."""
    body = {
        "v": 1,
        "fleet": fleet.name,
        "source": fleet.source,
        "usd_per_hour": dict(prices or {}),
        "actions": [{"action": type(action).__name__} | _plain(action) for action in actions],
    }
    return json.dumps(body, indent=2) + "\n"


def _changes(actions: Sequence[Action]) -> dict[str, str]:
    """Return what happens to each tester, in the words of the last column."""
    changes: dict[str, list[str]] = {}
    for action in actions:
        word = _word(action)
        name = action.host_name if isinstance(action, RemoveHost) else action.tester_name
        words = changes.setdefault(name, [])
        if word not in words:
            words.append(word)
    # A new host is started as a matter of course.
    return {
        name: ", ".join(word for word in words if not (word == "+ start" and "+ create" in words))
        for name, words in changes.items()
    }


def _word(action: Action) -> str:
    match action:
        case CreateHost():
            return "+ create"
        case StartTester():
            return "+ start"
        case ReplaceTester():
            return "~ restart"
        case UpdateJob():
            return "~ servers"
        case KeepHost():
            return "= keep"
        case DrainHost():
            return "- drain"
        case RemoveHost():
            return "- remove"
        case AbandonRun():
            return "- abandon runs"


def _usd_text(name: str, prices: Prices) -> str:
    usd = prices.get(name)
    return "-" if usd is None else f"{usd:.4f}"


def _price_text(fleet: Fleet, prices: Prices) -> str:
    """Return what a sweep costs at most: every host until `limits.deadline`."""
    paid = [tester.name for tester in fleet.testers if tester.driver not in FREE]
    known = [usd for name in paid if (usd := prices.get(name)) is not None]
    if len(known) < len(paid):
        return "price unknown"
    return f"at most {fsum(known) * fleet.limits.deadline_s / 3_600:.2f} USD"


def _row(tester: Tester | None, *, name: str, change: str, usd: str) -> tuple[str, ...]:
    if tester is None:
        return (name, "-", "-", "-", "-", change)
    region = tester.location.region if tester.location is not None else None
    where = region or ("this machine" if tester.driver == "local" else "-")
    return (name, where, tester.driver, "yes" if tester.spot else "-", usd, change)


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    safe = [tuple(_cut(printable(cell)) for cell in row) for row in rows]
    widths = [max(len(row[column]) for row in [HEAD, *safe]) for column in range(len(HEAD))]
    lines = [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in [HEAD, *safe]
    ]
    return [line.rstrip()[:WIDTH] for line in lines]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


def _order(fleet: Fleet) -> dict[str, int]:
    return {tester.name: number for number, tester in enumerate(fleet.testers)}


def _sweep_s(fleet: Fleet) -> float:
    run_s = max(
        (tester.probe.count * tester.probe.interval_s + tester.probe.timeout_s for tester in fleet.testers),
        default=0.0,
    )
    repeat = fleet.run.repeat or 1
    return max(fleet.run.every_s, run_s) * (repeat - 1) + run_s + RUN_OVERHEAD_S


def _plain(action: Action) -> dict[str, Any]:
    values = dataclasses.asdict(action)
    return {name: str(value) if isinstance(value, UUID) else value for name, value in values.items()}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
