"""The past of a path: what it is held against, and what it is like by the hour of the week."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa

from collector.history.histogram import representatives
from collector.history.periods import Period
from collector.history.raw import PathSums
from collector.history.rolled import Asked, fitted, read_rolled, series
from collector.history.segments import DAY, HOUR, hour_of
from collector.verdicts.baseline import pairs_of, read_baselines
from collector.verdicts.thresholds import Thresholds

PAST = timedelta(days=28)
HOURS_OF_WEEK = 168
MOST_STEPS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """A distribution: the share of sent probes that were answered within a time; what is lost never is."""

    us: list[int] = field(default_factory=list)
    share: list[float] = field(default_factory=list)
    sent: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What a path was like: the usual median now, both distributions, and medians by hour of the week."""

    usual_us: int | None
    now: Curve
    before: Curve
    week: list[int | None]
    now_since: datetime


def past_of(
    connection: sa.Connection,
    *,
    fleet_number: int,
    tester_number: int,
    server_number: int,
    newest: datetime,
    thresholds: Thresholds,
) -> Past:
    """Return the past of a path up to its newest result in a window."""
    path: dict[str, Any] = {"tester_number": tester_number, "server_number": server_number}
    now_since = hour_of(newest) - DAY + HOUR
    end = newest + timedelta(microseconds=1)
    baselines = read_baselines(
        connection, fleet_number=fleet_number, starts=[newest], thresholds=thresholds, **path
    )
    pair = pairs_of(np.array([tester_number]), np.array([server_number]))
    usual = float(baselines.of(pair, [newest])[0])
    before = Asked(since=now_since - PAST, until=now_since, **path)
    now = Asked(since=now_since, until=end, **path)
    return Past(
        usual_us=None if usual != usual else round(usual),
        now=curve_of(read_rolled(connection, fitted(connection, now))),
        before=curve_of(read_rolled(connection, fitted(connection, before))),
        week=_week(connection, Asked(since=hour_of(newest) + HOUR - PAST, until=end, **path)),
        now_since=now_since,
    )


def curve_of(paths: PathSums) -> Curve:
    """Return the distribution of a path, by the buckets of its histogram."""
    if not len(paths):
        return Curve()
    hist, sent = paths.sums.hist, int(paths.sums.sent[0])
    mine = hist.group == 0
    if not sent or not mine.any():
        return Curve(sent=sent)
    us = representatives()[hist.bucket[mine]]
    share = np.cumsum(hist.count[mine]) / sent
    keep = np.unique(np.linspace(0, len(us) - 1, min(len(us), MOST_STEPS)).astype(np.int64))
    return Curve(us=us[keep].tolist(), share=share[keep].tolist(), sent=sent)


def _week(connection: sa.Connection, asked: Asked) -> list[int | None]:
    """Return the median by hour of the week, from Monday midnight UTC; None for an hour without one."""
    found = series(connection, fitted(connection, asked), Period(length=HOUR))
    hours = np.array([at.weekday() * 24 + at.hour for at in found.starts], dtype=np.int64)
    sums = found.sums.regrouped(hours, groups=HOURS_OF_WEEK)
    return [None if us < 0 else us for us in sums.figures().p50_us.tolist()]
