"""The stored verdicts of a round, as pages need them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collector.dashboard.headline import Said
from collector.verdicts.stored import VerdictFilter, last_round
from collector.verdicts.verdict import Scope
from collector.web.reads_names import Span
from collector.web.reads_verdicts import verdict_dict


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A round that was judged; `is_shown` where it is of what the page shows, not of an earlier sweep."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    is_shown: bool = True

    def of(self, scope: Scope) -> dict[str, dict[str, Any]]:
        """Return the verdicts of a scope by what they are about."""
        return {row["key"]: row for row in self.rows if row["scope"] == scope}

    @property
    def at(self) -> str | None:
        """Return when the last run of the round began."""
        return self.rows[0]["at"] if self.rows else None

    def said(self, names: Mapping[str, str]) -> list[Said]:
        """Return what a headline is made of; `names` are those of regions with a single tester."""
        return [
            Said(
                scope=row["scope"],
                key=row["key"],
                name=names.get(row["key"], row["label"]),
                label=row["label"],
                word=row["verdict"],
                slow=bool(row["slow"]),
                lossy=bool(row["lossy"]),
            )
            for row in self.rows
        ]


def judged_round(
    connection: sa.Connection,
    *,
    fleet_number: int,
    sweep_id: UUID | None,
    span: Span,
    before: datetime | None,
) -> Judged:
    """Return the newest judged round of a sweep or a window, else the fleet's newest `before` the sweep."""
    rows: Sequence[sa.Row[Any]] = last_round(
        connection,
        VerdictFilter(fleet_number=fleet_number, sweep_id=sweep_id, since=span.since, until=span.until),
    )
    is_window = span.since is not None or span.until is not None
    if rows or is_window:
        return Judged(rows=[verdict_dict(row) for row in rows])
    rows = last_round(connection, VerdictFilter(fleet_number=fleet_number, until=before))
    return Judged(rows=[verdict_dict(row) for row in rows], is_shown=False)


def names_of_regions(testers: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return what to call a region: its tester, where it has but one."""
    found: dict[str, list[str]] = {}
    for tester in testers:
        found.setdefault(tester["region"], []).append(tester["name"])
    return {region: names[0] for region, names in found.items() if len(names) == 1}
