"""Verdicts that were kept: of a round, and through time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collector.tables import UtcTime, verdicts
from collector.verdicts.verdict import Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictFilter:
    """Which verdicts are meant; None means any."""

    fleet_number: int
    sweep_id: UUID | None = None
    scope: str | None = None
    key: str | None = None
    verdict: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return what holds for these rows of `verdicts`."""
        wanted: list[sa.ColumnElement[bool]] = [verdicts.c.fleet_id == self.fleet_number]
        for name in ("sweep_id", "scope", "key", "verdict"):
            value = getattr(self, name)
            if value is not None:
                wanted.append(verdicts.c[name] == value)
        if self.since is not None:
            wanted.append(verdicts.c.at >= sa.literal(self.since, UtcTime))
        if self.until is not None:
            wanted.append(verdicts.c.at < sa.literal(self.until, UtcTime))
        return wanted


def newest_verdicts(
    connection: sa.Connection,
    chosen: VerdictFilter,
    *,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[sa.Row[Any]]:
    """Return verdicts, the newest round first; `after` is the last key of the page before."""
    query = sa.select(verdicts).where(*chosen.conditions())
    if after is not None:
        time, number = after
        query = query.where(
            sa.tuple_(verdicts.c.at, verdicts.c.id)
            < sa.tuple_(sa.literal(time, UtcTime), sa.literal(number, sa.Uuid))
        )
    return connection.execute(query.order_by(verdicts.c.at.desc(), verdicts.c.id.desc()).limit(limit)).all()


def last_round(connection: sa.Connection, chosen: VerdictFilter) -> Sequence[sa.Row[Any]]:
    """Return all verdicts of the newest round that was judged, none where there is no such round."""
    newest = connection.execute(
        sa.select(verdicts.c.sweep_id, verdicts.c.round)
        .where(*chosen.conditions(), verdicts.c.scope == Scope.FLEET.value)
        .order_by(verdicts.c.at.desc(), verdicts.c.id.desc())
        .limit(1)
    ).one_or_none()
    if newest is None:
        return ()
    wanted = (verdicts.c.sweep_id == newest.sweep_id, verdicts.c.round == newest.round)
    return connection.execute(
        sa.select(verdicts).where(*wanted).order_by(verdicts.c.scope, verdicts.c.key)
    ).all()
