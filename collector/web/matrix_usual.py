"""What the paths of a matrix usually take, beside what they take in its window."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import numpy as np
import sqlalchemy as sa
from fastapi import Query

from collector.history.queries_window import Window
from collector.history.segments import hour_of
from collector.verdicts.baseline import pairs_of, read_baselines
from collector.verdicts.thresholds import Thresholds
from collector.web.kept import Kept
from collector.web.matrix_axes import Axis
from collector.web.matrix_cells import Cells

Usual = Annotated[
    bool,
    Query(
        description="adds to each cell what its path usually takes (`usual_us`), the change, and whether it"
        " is `slower` by more than the verdict's thresholds; for by=server and windows up to a day"
    ),
]
UNKNOWN = {"usual_us": None, "change_ratio": None, "slower": None}


def add_usual(
    connection: sa.Connection,
    window: Window,
    cells: Cells,
    *,
    fleet_number: int,
    rows: Axis,
    columns: Axis,
    thresholds: Thresholds,
    kept: Kept,
) -> None:
    """Add to the cells the baselines of their paths, at the hour of each tester's newest run.

    Baselines are at most a minute old: a report that comes late may change them.
    """
    newest = _newest(window.runs)
    if not newest or window.since is None:
        return
    known = np.unique((window.tester << 32) | window.server)
    tester, server = known >> 32, known & 0xFFFF_FFFF
    starts = [window.since, *newest.values()]
    baselines = kept.get(
        (fleet_number, min(starts), max(starts), frozenset(map(hour_of, starts))),
        lambda: read_baselines(connection, fleet_number=fleet_number, starts=starts, thresholds=thresholds),
    )
    usual = baselines.of(pairs_of(tester, server), [newest[number] for number in tester.tolist()])
    for row, column, us in zip(
        rows.places(tester).tolist(), columns.places(server).tolist(), usual.tolist(), strict=True
    ):
        cell = cells[row][column] if row >= 0 and column >= 0 else None
        if cell is not None:
            # What a tester found that could not measure is held against nothing.
            is_known = us == us and cell["state"] != "tester_bad"
            cell |= against(cell["p50_us"], us if is_known else None, thresholds)


def against(p50_us: int | None, usual_us: float | None, thresholds: Thresholds) -> dict[str, Any]:
    """Return a median beside the usual one: the change, and whether it is more than the thresholds allow."""
    if usual_us is None:
        return dict(UNKNOWN)
    if p50_us is None:
        return UNKNOWN | {"usual_us": round(usual_us)}
    change = p50_us / usual_us - 1.0
    return {
        "usual_us": round(usual_us),
        "change_ratio": change,
        "slower": change > thresholds.slow_ratio and p50_us - usual_us > thresholds.slow_change_ms * 1_000.0,
    }


def _newest(runs: Sequence[sa.Row[Any]]) -> dict[int, datetime]:
    found: dict[int, datetime] = {}
    for run in runs:
        if run.stored and run.started_at is not None:
            found[run.tester_id] = max(run.started_at, found.get(run.tester_id, run.started_at))
    return found
