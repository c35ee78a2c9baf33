"""What a path usually takes: its own past, by the hour of the week where that is known well enough."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import sqlalchemy as sa

from collector.history.figures import Integers
from collector.history.raw import PathSums
from collector.history.rolled import Asked, read_hours, read_rolled
from collector.history.segments import DAY, HOUR, Span, hour_of
from collector.verdicts.polish import Floats
from collector.verdicts.thresholds import Thresholds

WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Known:
    """The p50 of paths that have runs enough; `pair` is in order."""

    pair: Integers
    p50_us: Floats

    def of(self, pairs: Integers) -> Floats:
        """Return the p50 of paths, NaN for one that is not known."""
        if not len(self.pair):
            return np.full(len(pairs), np.nan)
        place = np.minimum(np.searchsorted(self.pair, pairs), len(self.pair) - 1)
        return np.where(self.pair[place] == pairs, self.p50_us[place], np.nan)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Baselines:
    """The baselines of a fleet: by the hours that were asked for, and of the last days."""

    by_hour: dict[datetime, Known]
    recent: Known

    def of(self, pairs: Integers, started_at: Sequence[datetime]) -> Floats:
        """Return the baseline of each path at the hour of its run, in microseconds; NaN for none."""
        found = self.recent.of(pairs)
        # There are few starts, each of a run, and many paths.
        numbers: dict[datetime, int] = {}
        of_start = {time: numbers.setdefault(hour_of(time), len(numbers)) for time in set(started_at)}
        of_path = np.array([of_start[time] for time in started_at], dtype=np.int64)
        for hour, number in numbers.items():
            mine = of_path == number
            usual = self.by_hour[hour].of(pairs[mine])
            found[mine] = np.where(np.isnan(usual), found[mine], usual)
        return found


def pairs_of(tester: Integers, server: Integers) -> Integers:
    """Return paths as numbers."""
    return (tester << 32) | server


def read_baselines(
    connection: sa.Connection,
    *,
    fleet_number: int,
    starts: Iterable[datetime],
    thresholds: Thresholds,
    tester_number: int | None = None,
    server_number: int | None = None,
) -> Baselines:
    """Return what paths usually take at the hours of some runs, before the first of them.

    The last days end where the first of the runs began, but not more than a day before the last, so that
    what is judged has no part in what it is held against, and a tester that was away for weeks does not
    move that end for all. With a tester and a server it is of that path alone.
    """
    times = list(starts)
    newest, oldest = max(times), min(times)
    end = hour_of(max(oldest, newest - DAY))
    weeks = thresholds.baseline_days // 7
    asked = Asked(
        fleet_number=fleet_number,
        tester_number=tester_number,
        server_number=server_number,
        since=end - timedelta(days=thresholds.recent_days),
        until=end,
    )
    by_hour = {
        hour: _known(
            read_hours(
                connection,
                [
                    Span(start=hour - week * WEEK, end=hour - week * WEEK + HOUR)
                    for week in range(1, weeks + 1)
                ],
                asked,
            ),
            least=thresholds.baseline_runs,
        )
        for hour in sorted({hour_of(time) for time in times})
    }
    return Baselines(
        by_hour=by_hour, recent=_known(read_rolled(connection, asked), least=thresholds.recent_runs)
    )


def _known(paths: PathSums, *, least: int) -> Known:
    p50 = paths.sums.figures().p50_us
    enough = (paths.sums.runs >= least) & (p50 > 0)
    return Known(pair=pairs_of(paths.tester, paths.server)[enough], p50_us=p50[enough].astype(np.float64))
