"""Small lines: how the change of each region went through its rounds, by its stored verdicts."""

from collections import defaultdict
from datetime import datetime, timedelta

import sqlalchemy as sa
from markupsafe import Markup

from collector.dashboard.region_rows import FARTHEST
from collector.tables import UtcTime, verdicts
from collector.verdicts.verdict import Scope

REACH = timedelta(days=28)
MOST_POINTS = 200
"""So many rounds of a region are drawn; of more, every second, third and so on."""

HEIGHT = 18.0
LEAST_HIGH = 0.15
"""A line of small changes stays small: its height is this change at least."""


def sparks_of(connection: sa.Connection, *, fleet_number: int, until: datetime) -> dict[str, Markup]:
    """Return a line for each region that was judged in the 28 days before a moment."""
    # The change alone: of many rounds, all their figures would take long to be read.
    change = verdicts.c.figures["change_ratio"].as_float()
    query = (
        sa.select(verdicts.c.key, verdicts.c.at, change)
        .where(
            verdicts.c.fleet_id == fleet_number,
            verdicts.c.scope == Scope.REGION.value,
            verdicts.c.at > sa.literal(until - REACH, UtcTime),
            verdicts.c.at <= sa.literal(until, UtcTime),
            change.is_not(None),
        )
        .order_by(verdicts.c.at)
    )
    found: dict[str, list[tuple[datetime, float]]] = defaultdict(list)
    for region, at, ratio in connection.execute(query):
        found[region].append((at, float(ratio)))
    return {region: spark(points, until=until) for region, points in found.items()}


def spark(points: list[tuple[datetime, float]], *, until: datetime) -> Markup:
    """Return the line of some changes, the time from left to right."""
    step = -(-len(points) // MOST_POINTS)
    # From the end, so that the newest is always there.
    kept = points[::-1][:: max(1, step)][::-1]
    high = max(LEAST_HIGH, *(min(abs(change), FARTHEST) for _, change in kept))
    places = []
    for at, change in kept:
        x = 92.0 * (1.0 - (until - at) / REACH)
        y = HEIGHT / 2.0 - min(max(change, -high), high) / high * (HEIGHT / 2.0 - 1.0)
        places.append(f"{x:.1f} {y:.1f}")
    return Markup('<svg class="spark" viewBox="0 0 92 18" aria-hidden="true"><path d="M{}"/></svg>').format(
        "L".join(places if len(places) > 1 else places * 2)
    )
