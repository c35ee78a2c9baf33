"""GET verdicts: what was said of fleet, regions, servers and paths, round by round."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response

from collector.session import reading
from collector.verdicts.stored import VerdictFilter, newest_verdicts
from collector.verdicts.verdict import Scope, Word
from collector.web.lookup import clean_text
from collector.web.reads_answers import ERRORS, answer, hinted, time_text
from collector.web.reads_matrix import NO_FLEET
from collector.web.reads_names import FleetName, Since, SweepId, Until, span_of, the_fleet
from collector.web.reads_page import DEFAULT_LIMIT, Cursor, Limit, cursor_of, key_in
from collector.web.state import Services, services

router = APIRouter(tags=["slow"])

VERDICTS = "verdicts"
NO_VERDICTS = "no verdict fits; a round is judged when its sweep has ended, or when it has been quiet"


@router.get("/verdicts", responses=ERRORS)
def list_verdicts(
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    sweep_id: SweepId = None,
    scope: Annotated[Scope | None, Query(description="what the verdicts are about")] = None,
    key: Annotated[
        str | None, Query(description="a region's name, a server's UUID, or UUIDs of tester and server")
    ] = None,
    verdict: Annotated[Word | None, Query(description="the word of the verdict")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Verdicts, those of the newest round first, each with the figures behind it."""
    after = None if cursor is None else key_in(cursor, VERDICTS, datetime, UUID)
    span = span_of(since, until)
    with reading(at.engine) as connection:
        owner = the_fleet(connection, fleet, sweep_id)
        rows: Sequence[sa.Row[Any]] = ()
        if owner is not None:
            chosen = VerdictFilter(
                fleet_number=owner.id,
                sweep_id=sweep_id,
                scope=None if scope is None else scope.value,
                key=None if key is None else clean_text(key, what="key"),
                verdict=None if verdict is None else verdict.value,
                since=span.since,
                until=span.until,
            )
            rows = newest_verdicts(
                connection, chosen, after=None if after is None else (after[0], after[1]), limit=limit + 1
            )
    page = rows[:limit]
    body = {
        "fleet": None if owner is None else owner.name,
        "verdicts": [verdict_dict(row) for row in page],
        "next": cursor_of(VERDICTS, page[-1].at, page[-1].id) if len(rows) > limit else None,
    }
    return answer(hinted(body, NO_FLEET if owner is None else None if rows or cursor else NO_VERDICTS))


def verdict_dict(row: sa.Row[Any]) -> dict[str, Any]:
    """Return a verdict as answers have it."""
    return {
        "sweep_id": str(row.sweep_id),
        "round": row.round,
        "at": time_text(row.at),
        "scope": row.scope,
        "key": row.key,
        "label": row.label,
        "settings_version": row.settings_version,
        "figures": row.figures,
    } | verdict_fields(row)


def verdict_fields(row: sa.Row[Any] | None) -> dict[str, Any]:
    """Return what rankings say beside their figures; null where there is no verdict."""
    figures = {} if row is None else row.figures
    return {
        "verdict": None if row is None else row.verdict,
        "verdict_since": None if row is None else time_text(row.since),
        "sentence": None if row is None else row.sentence,
        "slow": None if row is None else row.slow,
        "lossy": None if row is None else row.lossy,
        "structural": None if row is None else row.structural,
        "missing": figures.get("missing", []),
        "change_ratio": figures.get("change_ratio"),
        "change_low": figures.get("change_low"),
        "change_high": figures.get("change_high"),
        "change_us": figures.get("change_us"),
    }
