"""A path cut finer than its sums are kept: figures from single results."""

from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa

from collector.errors import Refused
from collector.history.by_time import results_with_runs
from collector.history.figures import Figure, Rows, pool
from collector.history.periods import Period
from collector.history.queries_window import MAX_PROBES, ROWS_AT_A_TIME
from collector.history.rolled import Asked
from collector.tables import UtcTime, ping_results, runs


def raw_series(connection: sa.Connection, asked: Asked, period: Period) -> list[tuple[datetime, Figure, int]]:
    """Return start, figures and trusted results of each period of one path, the oldest first.

    Figures are exact. Refuses with 422 a window of more probes than an answer may pool.
    """
    query: sa.Select[Any] = (
        sa.select(ping_results.c.ts, runs.c.trusted, ping_results.c.late, ping_results.c.probes)
        .select_from(results_with_runs(connection))
        .where(
            ping_results.c.ts >= sa.literal(asked.since, UtcTime),
            ping_results.c.ts < sa.literal(asked.until, UtcTime),
            *asked.of_path(ping_results),
        )
        .order_by(ping_results.c.ts)
    )
    starts: list[datetime] = []
    trusted: list[int] = []
    group: list[int] = []
    late_known: list[bool] = []
    probes: list[bytes] = []
    size = 0
    result: Any = connection.execute(query, execution_options={"yield_per": ROWS_AT_A_TIME})
    for ts, is_trusted, late, packed in result:
        start = period.start_of(ts)
        if not starts or starts[-1] != start:
            starts.append(start)
            trusted.append(0)
        if is_trusted is False:
            continue
        trusted[-1] += 1
        group.append(len(starts) - 1)
        late_known.append(late is not None)
        probes.append(packed)
        size += len(packed)
        if size > MAX_PROBES * 4:
            result.close()
            raise Refused(
                422,
                "window_too_large",
                f"the window holds more than {MAX_PROBES} probes",
                hint="narrow it with since= and until=, or ask for resolution=1h or longer",
            )
    figures = pool(
        Rows(probes=probes, late_known=np.array(late_known, dtype=np.bool_)),
        group=np.array(group, dtype=np.int64),
        groups=len(starts),
    )
    return [(start, figures.one(number), trusted[number]) for number, start in enumerate(starts)]
