"""GET diff: what changed from one sweep to another."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response

from collector.errors import Refused
from collector.session import reading
from collector.verdicts.difference import Change, Estimate
from collector.verdicts.thresholds import Thresholds
from collector.verdicts.two_sweeps import Compared, SweepResults, compare
from collector.web.reads_answers import ERRORS, answer, hinted, time_or_none
from collector.web.reads_names import the_fleet
from collector.web.state import Services, services

router = APIRouter(tags=["sweeps"])

MOST_NAMED = 100
"""Paths of one sweep alone, and runs left out, that an answer lists."""


@router.get("/diff", responses=ERRORS)
def get_diff(
    at: Annotated[Services, Depends(services)],
    a: Annotated[UUID, Query(description="the sweep before: its UUID")],
    b: Annotated[UUID, Query(description="the sweep after: its UUID")],
) -> Response:
    """What changed from sweep `a` to sweep `b`: the fleet, regions, servers and paths, the worst first.

    Of trusted runs, on paths that both sweeps have. A median polish of the changes of the paths' p50 tells a
    region's change from its servers'. An interval (95 %) of a region or server of at least five items is a
    bootstrap (`by_items`), else of order statistics. `stands`: it changed, at a false discovery
    rate of `false_discovery_ratio`. A null bound bounds nothing.
    """
    return answer(diff_body(at, before=a, after=b))


def diff_body(at: Services, *, before: UUID, after: UUID) -> dict[str, Any]:
    """Return what changed from one sweep to another as the API answers it."""
    if before == after:
        raise Refused(400, "bad_parameter", "a and b are the same sweep", hint="name two sweeps")
    with reading(at.engine) as connection:
        owner, other = (the_fleet(connection, None, sweep_id) for sweep_id in (before, after))
        assert owner is not None
        assert other is not None
        if owner.id != other.id:
            raise Refused(
                400,
                "bad_parameter",
                f"a is a sweep of the fleet {owner.name}, b of {other.name}",
                hint="name two sweeps of one fleet",
            )
        found = compare(connection, before=before, after=after, thresholds=at.settings.verdict)
    return diff_dict(found, fleet=owner, thresholds=at.settings.verdict)


def diff_dict(found: Compared, *, fleet: sa.Row[Any], thresholds: Thresholds) -> dict[str, Any]:
    """Return a comparison as answers have it."""
    told = found.difference
    only = {
        name: [_path_names(found, *path) for path in paths[:MOST_NAMED]]
        for name, paths in (
            ("only_before", found.sides.only_before),
            ("only_after", found.sides.only_after),
        )
    }
    body = {
        "fleet": fleet.name,
        "before": _sweep_dict(found.before),
        "after": _sweep_dict(found.after),
        "false_discovery_ratio": thresholds.false_discovery_ratio,
        "is_split": told.is_split,
        "all_paths": None if told.fleet is None else change_dict(told.fleet),
        "regions": [change_dict(change) for change in told.regions],
        "servers": [change_dict(change) for change in told.servers],
        "paths": [change_dict(change) for change in told.paths],
        **only,
        "only_before_count": len(found.sides.only_before),
        "only_after_count": len(found.sides.only_after),
    }
    return hinted(body, hint_of(found))


def hint_of(found: Compared) -> str | None:
    """Return what to do where nothing can be compared, None where something was."""
    if found.difference.fleet is not None:
        return None
    for side in (found.before, found.after):
        if not side.used_count:
            return (
                f"the sweep {side.sweep_id} has no results of a trusted run; they come when its testers "
                "report, and are gone when retention has removed them"
            )
    return "the two sweeps have no path in common: another tester, server or address is another path"


def change_dict(change: Change) -> dict[str, Any]:
    """Return a change as answers have it."""
    return {
        "scope": change.scope,
        "key": change.key,
        "label": change.label,
        "tester": change.tester,
        "region": change.region,
        "server": change.server,
        "address": change.address,
        "is_lost": change.is_lost,
        "stands": change.stands,
        "note": change.note,
        "by_items": change.by_items,
        "path_count": change.path_count,
        "lost_count": change.lost_count,
        **_estimate("change_ratio", change.ratio),
        **_estimate("change_us", change.us),
        **_estimate("change_loss", change.loss),
        "before": asdict(change.before),
        "after": asdict(change.after),
    }


def _estimate(name: str, estimate: Estimate) -> dict[str, float | None]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _sweep_dict(side: SweepResults) -> dict[str, Any]:
    left_out = side.left_out
    return {
        "sweep_id": str(side.sweep_id),
        "since": time_or_none(side.since),
        "until": time_or_none(side.until),
        "run_count": side.used_count,
        "left_out_count": len(left_out),
        "left_out": [
            {"tester": run.name, "run_id": str(run.run_id), "reason": run.reason or "not trusted"}
            for run in left_out[:MOST_NAMED]
        ],
    }


def _path_names(found: Compared, tester: int, server: int) -> dict[str, Any]:
    of_tester, of_server = found.sides.testers[tester], found.sides.servers[server]
    return {
        "tester": of_tester.name,
        "region": found.sides.regions[of_tester.region],
        "server": of_server.name,
        "address": of_server.address,
    }
