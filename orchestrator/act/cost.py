"""What the hosts of a sweep have cost, by the journal's times and the prices of an hour."""

from collections.abc import Mapping
from datetime import datetime
from math import fsum

from orchestrator.act.journal import Journal
from orchestrator.decide.facts import Sweep

HOUR_S = 3_600.0


def cost_of_sweep(
    sweep: Sweep, *, journal: Journal, prices: Mapping[str, float | None], now: datetime
) -> float | None:
    """Return USD, None where some price is unknown or no host costs anything.

    `prices` is USD per hour by tester, of those whose hosts cost something. A host counts from its
    create, or from the sweep's beginning, to its removal; one that is still there, to `now`.
    """
    begun: dict[str, datetime] = {}
    gone: dict[str, datetime] = {}
    for line in journal.log():
        if line.event == "create_started":
            begun[line.host] = line.at
        elif line.event == "removed":
            gone[line.host] = line.at
    parts: list[float] = []
    for host in journal.hosts(include_removed=True):
        if host.tester not in prices or host.name not in begun:
            continue
        hours = (gone.get(host.name, now) - max(begun[host.name], sweep.started_at)).total_seconds() / HOUR_S
        if hours <= 0:
            continue
        price = prices[host.tester]
        if price is None:
            return None
        parts.append(price * hours)
    return fsum(parts) if parts else None
