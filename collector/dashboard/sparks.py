"""Small lines: how the change of each region went through its rounds, by its stored verdicts."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import sqlalchemy as sa
from markupsafe import Markup

from collector.dashboard.region_rows import FARTHEST
from collector.tables import UtcTime, alert_occasions, verdicts
from collector.verdicts.occasions import Occasion
from collector.verdicts.verdict import Scope

REACH = timedelta(days=28)
MOST_ROUNDS = 200
"""So many rounds are drawn, and the newest."""

HEIGHT = 18.0
LEAST_HIGH = 0.15
"""A line of small changes stays small: its height is this change at least."""


def sparks_of(connection: sa.Connection, *, fleet_number: int, until: datetime) -> dict[str, Markup]:
    """Return a line for each region that was judged in the 28 days before a moment."""
    # The change alone: all figures of many rounds would take long to be read.
    change = verdicts.c.figures["change_ratio"].as_float()
    query = (
        sa.select(verdicts.c.key, verdicts.c.at, change)
        .where(
            sa.tuple_(verdicts.c.sweep_id, verdicts.c.round).in_(
                _rounds(connection, fleet_number=fleet_number, until=until)
            ),
            verdicts.c.scope == Scope.REGION.value,
            change.is_not(None),
        )
        .order_by(verdicts.c.at)
    )
    found: dict[str, list[tuple[datetime, float]]] = defaultdict(list)
    for region, at, ratio in connection.execute(query):
        found[region].append((at, float(ratio)))
    return {region: spark(points, until=until) for region, points in found.items()}


def _rounds(connection: sa.Connection, *, fleet_number: int, until: datetime) -> list[tuple[UUID, int]]:
    """Return the rounds that are drawn: all, or one of each few and the newest."""
    noted = connection.execute(
        sa.select(alert_occasions.c.sweep_id, alert_occasions.c.round)
        .where(
            alert_occasions.c.kind == Occasion.ROUND.value,
            alert_occasions.c.fleet_id == fleet_number,
            alert_occasions.c.at > sa.literal(until - REACH, UtcTime),
            alert_occasions.c.at <= sa.literal(until, UtcTime),
        )
        .order_by(alert_occasions.c.at.desc())
    ).all()
    few = -(-len(noted) // MOST_ROUNDS)
    if few <= 1:
        return [(row.sweep_id, row.round) for row in noted]
    # By chance, so that of schedules that take turns each is met, and the same each time.
    chosen = [
        min(noted[start : start + few], key=lambda row: uuid5(row.sweep_id, str(row.round)))
        for start in range(1, len(noted), few)
    ]
    return [(row.sweep_id, row.round) for row in (noted[0], *chosen)]


def spark(points: Sequence[tuple[datetime, float]], *, until: datetime) -> Markup:
    """Return the line of some changes, the time from left to right."""
    high = max(LEAST_HIGH, *(min(abs(change), FARTHEST) for _, change in points))
    places = []
    for at, change in points:
        x = 92.0 * (1.0 - (until - at) / REACH)
        y = HEIGHT / 2.0 - min(max(change, -high), high) / high * (HEIGHT / 2.0 - 1.0)
        places.append(f"{x:.1f} {y:.1f}")
    return Markup('<svg class="spark" viewBox="0 0 92 18" aria-hidden="true"><path d="M{}"/></svg>').format(
        "L".join(places if len(places) > 1 else places * 2)
    )
