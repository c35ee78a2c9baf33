"""Statistics of a report's rows, by numpy."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from collector.ingest.columns import NOTHING, Columns
from collector.ingest.numbers import Ints
from collector.ingest.positions import tables
from collector.tables import RESULT_STATES, ResultState
from wire.report import LATE, NOT_SENT

Counts = npt.NDArray[np.int64]
RTTS = ("min_us", "p50_us", "max_us", "mean_us", "dev_us")

INFINITE = np.int32(2**31 - 2)
"""A lost or late probe in an order by RTT: slower than any answer."""

ABSENT = np.int32(2**31 - 1)
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
    figures = {name: np.full(count, NOTHING, dtype=np.int32) for name in RTTS}
    answered, sent, late = (np.zeros(count, dtype=np.int64) for _ in range(3))
    for rows, table in tables(columns.planned, columns.rtt_us):
        answers = table >= 0
        answered[rows] = of_rows = np.count_nonzero(answers, axis=0)
        sent[rows] = len(table) - np.count_nonzero(table == NOT_SENT, axis=0)
        late[rows] = np.count_nonzero(table == LATE, axis=0)
        for name, found in _rtts(table, answers, answered=of_rows, sent=sent[rows]).items():
            figures[name][rows] = found
    return Summary(
        state=_states(columns, sent=sent, answered=answered, late=late),
        sent=sent.astype(np.int32),
        answered=answered.astype(np.int32),
        **figures,
    )


def _rtts(table: Ints, answers: npt.NDArray[np.bool_], *, answered: Counts, sent: Counts) -> dict[str, Ints]:
    """Return the figures of rows that are the columns of a table."""
    some = answered > 0
    divisor = np.maximum(answered, 1)
    # Sums stay exact: 100,000 probes of ten minutes are below 2**53 microseconds.
    mean = np.where(answers, table, 0).sum(axis=0, dtype=np.float64) / divisor
    deviation = np.where(answers, table - mean, 0)
    variance = np.square(deviation, out=deviation).sum(axis=0) / divisor
    # Lost and late probes are slower than any answer; one that was not sent is behind everything.
    ordered = np.sort(np.where(answers, table, np.where(table == NOT_SENT, ABSENT, INFINITE)).T, axis=1)
    return {
        "min_us": _at(ordered, np.zeros_like(answered), some),
        "p50_us": _at(ordered, (sent + 1) // 2 - 1, sent > 0),
        "max_us": _at(ordered, answered - 1, some),
        "mean_us": np.where(some, np.rint(mean), NOTHING).astype(np.int32),
        "dev_us": np.where(some, np.rint(np.sqrt(variance)), NOTHING).astype(np.int32),
    }


def _at(ordered: Ints, positions: Counts, wanted: npt.NDArray[np.bool_]) -> Ints:
    """Return the figure at a position of each row, null where it is not wanted or is no answer's."""
    found = ordered[np.arange(len(positions)), np.maximum(positions, 0)]
    return np.where(wanted & (found < INFINITE), found, np.int32(NOTHING))


def _states(
    columns: Columns,
    *,
    sent: Counts,
    answered: Counts,
    late: Counts,
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
