"""The positions of a report as tables: rows that planned equally many probes stand in one."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from collector.ingest.numbers import Ints

Rows = npt.NDArray[np.int64]


def tables(planned: Ints, rtt_us: Ints) -> Iterator[tuple[Rows, Ints]]:
    """Give row numbers, and their positions: one line for each position, one column for each row.

    `rtt_us` is flat, `planned[row]` positions for each row. Rows without a position are left out.
    """
    count = len(planned)
    if not count:
        return
    width = int(planned[0])
    if np.all(planned == width):
        # Equal lengths are the usual case.
        if width:
            yield np.arange(count), np.ascontiguousarray(rtt_us.reshape(count, width).T)
        return
    begins = np.cumsum(planned, dtype=np.int64) - planned
    order = np.argsort(planned, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(planned[order])) + 1):
        if width := int(planned[rows[0]]):
            yield rows, rtt_us[begins[rows] + np.arange(width)[:, None]]
