"""The statistics of a row are what anybody would compute from its positions."""

import math
import statistics

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from collector.ingest.columns import NOTHING, Columns
from collector.ingest.summary import RTTS, summary_of
from collector.tables import RESULT_STATES
from wire.report import LATE, LOST, NOT_SENT

POSITIONS = st.one_of(
    st.sampled_from([LOST, LATE, NOT_SENT]), st.integers(min_value=0, max_value=600_000_000)
)
ROWS = st.lists(st.lists(POSITIONS, max_size=6), max_size=8)
EVEN_ROWS = st.integers(min_value=1, max_value=5).flatmap(
    lambda width: st.lists(st.lists(POSITIONS, min_size=width, max_size=width), max_size=8)
)


def columns_of(rows: list[list[int]]) -> Columns:
    count = len(rows)
    none = np.full(count, NOTHING, dtype=np.int32)
    return Columns(
        server=[f"s{row}" for row in range(count)],
        group=[""] * count,
        host=[""] * count,
        address=["192.0.2.1"] * count,
        family=[4] * count,
        probe_type=["icmp"] * count,
        port=[None] * count,
        planned=np.array([len(row) for row in rows], dtype=np.int32),
        late=none,
        duplicate=none,
        reordered=none,
        warmup=np.ones(count, dtype=np.bool_),
        rtt_us=np.array([value for row in rows for value in row], dtype=np.int32),
        details={},
    )


def naive(row: list[int]) -> dict[str, object]:
    answers = [value for value in row if value >= 0]
    sent = [value for value in row if value != NOT_SENT]
    by_speed = sorted(answers) + [NOTHING] * (len(sent) - len(answers))
    rtts = dict.fromkeys(RTTS, NOTHING)
    if sent:
        rtts["p50_us"] = by_speed[(len(sent) + 1) // 2 - 1]
    if answers:
        mean = sum(answers) / len(answers)
        rtts |= {"min_us": min(answers), "max_us": max(answers), "mean_us": round(mean)}
        rtts["dev_us"] = round(math.sqrt(statistics.fmean((value - mean) ** 2 for value in answers)))
    if not sent:
        state = "not_run"
    elif not answers:
        state = "late_only" if LATE in row else "lost"
    else:
        state = "ok" if len(answers) == len(sent) else "lossy"
    return rtts | {"sent": len(sent), "answered": len(answers), "state": state}


@given(st.one_of(ROWS, EVEN_ROWS))
def test_every_row_has_its_own_statistics(rows: list[list[int]]) -> None:
    summary = summary_of(columns_of(rows))
    found = [
        {name: int(getattr(summary, name)[row]) for name in (*RTTS, "sent", "answered")}
        | {"state": RESULT_STATES[summary.state[row]].value}
        for row in range(len(rows))
    ]
    assert found == [naive(row) for row in rows]
