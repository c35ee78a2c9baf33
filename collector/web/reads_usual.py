"""What paths usually take, beside what they took."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa

from collector.history.figures import LOST_NOTE
from collector.verdicts.baseline import pairs_of, read_baselines
from collector.verdicts.slowness import By, Entry, PathEntry
from collector.verdicts.thresholds import Thresholds


def with_usual(
    connection: sa.Connection,
    paths: Sequence[PathEntry],
    *,
    since: datetime | None,
    started_at: Mapping[int, datetime],
    fleet_number: int,
    thresholds: Thresholds,
) -> list[PathEntry]:
    """Return the paths with the growth of their p50 over the baseline at the hour of their newest run.

    What has been measured since the window began has no part in what it is held against.
    None where there is no baseline or no p50; infinite where the p50 is lost.
    """
    known = [path for path in paths if path.tester in started_at]
    if not known:
        return list(paths)
    baselines = read_baselines(
        connection,
        fleet_number=fleet_number,
        starts={*started_at.values(), *([] if since is None else [since])},
        thresholds=thresholds,
    )
    tester, server = (
        np.array(numbers, dtype=np.int64) for numbers in zip(*map(_numbers, known), strict=True)
    )
    usual = baselines.of(pairs_of(tester, server), [started_at[path.tester] for path in known])
    grown = {_numbers(path): _growth(path, float(us)) for path, us in zip(known, usual.tolist(), strict=True)}
    return [replace(path, usual=grown.get(_numbers(path))) for path in paths]


def usual_dict(entry: Entry, *, by: By) -> dict[str, Any]:
    """Return the growth over the baseline where a ranking goes by it; null where it is unknown or lost."""
    if by is not By.BASELINE:
        return {}
    return {"usual_ratio": entry.usual if entry.usual is not None and math.isfinite(entry.usual) else None}


def _numbers(path: PathEntry) -> tuple[int, int]:
    return path.tester, path.server


def _growth(path: PathEntry, usual_us: float) -> float | None:
    if math.isnan(usual_us):
        return None
    if path.figure.p50_us is None:
        return math.inf if path.figure.p50_note == LOST_NOTE else None
    return path.figure.p50_us / usual_us - 1.0
