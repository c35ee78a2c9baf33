"""Statistics of a report's rows, by numpy."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from collector.ingest.columns import NOTHING, Columns, Ints
from collector.tables import RESULT_STATES, ResultState
from wire.report import LATE, NOT_SENT

INFINITE = 2**31 - 2
"""A lost or late probe in an order by RTT: slower than any answer."""

ABSENT = 2**31 - 1
"""A probe that was not sent: behind everything."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Summary:
    """One figure for each row; `NOTHING` stands for null.

    RTTs are of the answered probes, in microseconds; `p50_us` counts lost and late probes as
    infinite (nearest rank) and is null where it is infinite. `dev_us` is the population's.
    """

    state: npt.NDArray[np.int16]
    sent: Ints
    answered: Ints
    min_us: Ints
    p50_us: Ints
    max_us: Ints
    mean_us: Ints
    dev_us: Ints


def summary_of(columns: Columns) -> Summary:
    """Return the statistics of each row."""
    count = len(columns)
    planned, rtt_us = columns.planned, columns.rtt_us
    row = np.repeat(np.arange(count), planned)
    starts = np.cumsum(planned, dtype=np.int64) - planned
    answers = rtt_us >= 0
    answered = np.bincount(row[answers], minlength=count)
    sent = planned - np.bincount(row[rtt_us == NOT_SENT], minlength=count)
    late = np.bincount(row[rtt_us == LATE], minlength=count)
    some = answered > 0
    divisor = np.maximum(answered, 1)
    # Sums stay exact: 100,000 probes of ten minutes are below 2**53 microseconds.
    mean = np.bincount(row[answers], weights=rtt_us[answers], minlength=count) / divisor
    deviation = rtt_us[answers] - mean[row[answers]]
    variance = np.bincount(row[answers], weights=deviation * deviation, minlength=count) / divisor
    ordered = _ordered(
        np.where(answers, rtt_us, np.where(rtt_us == NOT_SENT, ABSENT, INFINITE)), planned, row
    )
    return Summary(
        state=_states(columns, sent=sent, answered=answered, late=late),
        sent=sent.astype(np.int32),
        answered=answered.astype(np.int32),
        min_us=_at(ordered, starts, some),
        p50_us=_at(ordered, starts + (sent + 1) // 2 - 1, sent > 0),
        max_us=_at(ordered, starts + answered - 1, some),
        mean_us=np.where(some, np.rint(mean), NOTHING).astype(np.int32),
        dev_us=np.where(some, np.rint(np.sqrt(variance)), NOTHING).astype(np.int32),
    )


def _ordered(values: npt.NDArray[np.int64], planned: Ints, row: npt.NDArray[np.int64]) -> Ints:
    """Return the positions of each row in the order of their RTT."""
    narrow = values.astype(np.int32)
    if len(planned) and planned[0] > 0 and bool(np.all(planned == planned[0])):
        # Equal lengths are the usual case, and sort an order of magnitude faster.
        return np.sort(narrow.reshape(len(planned), -1), axis=1).reshape(-1)
    return narrow[np.lexsort((narrow, row))]


def _at(ordered: Ints, positions: npt.NDArray[np.int64], wanted: npt.NDArray[np.bool_]) -> Ints:
    figures = np.full(len(positions), NOTHING, dtype=np.int32)
    figures[wanted] = ordered[positions[wanted]]
    figures[figures >= INFINITE] = NOTHING
    return figures


def _states(
    columns: Columns,
    *,
    sent: npt.NDArray[np.int64],
    answered: npt.NDArray[np.int64],
    late: npt.NDArray[np.int64],
) -> npt.NDArray[np.int16]:
    unresolved = np.array([address is None for address in columns.address], dtype=np.bool_)
    conditions = [
        (unresolved, ResultState.DNS_FAILED),
        (sent == 0, ResultState.NOT_RUN),
        ((answered == 0) & (late > 0), ResultState.LATE_ONLY),
        (answered == 0, ResultState.LOST),
        (answered < sent, ResultState.LOSSY),
    ]
    return np.select(
        [condition for condition, _ in conditions],
        [RESULT_STATES.index(state) for _, state in conditions],
        default=RESULT_STATES.index(ResultState.OK),
    ).astype(np.int16)
