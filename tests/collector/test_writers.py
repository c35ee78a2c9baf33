"""One contract for both writers: what comes out is what was put in."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.ingest.columns import Columns
from collector.ingest.summary import summary_of
from collector.ingest.writer import Batch, BatchRun, writer_of
from collector.session import engine_of, writing
from collector.tables import ping_results
from wire.report import LATE, LOST, MAX_RTT_US, NOT_SENT

COUNT = st.none() | st.integers(0, 2**31 - 1)
POSITION = st.sampled_from([LOST, LATE, NOT_SENT]) | st.integers(0, MAX_RTT_US)
ROW = st.tuples(st.lists(POSITION, max_size=6), COUNT, COUNT, st.booleans(), st.booleans())


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    made = engine_of(database_url)
    yield made
    made.dispose()


def columns_of(rows: list[tuple[Any, ...]]) -> Columns:
    nothing = [-1 if value is None else value for row in rows for value in row[1:3]]
    return Columns(
        server=[f"s{number}" for number in range(len(rows))],
        group=[""] * len(rows),
        host=["h"] * len(rows),
        address=["192.0.2.1"] * len(rows),
        family=[4] * len(rows),
        probe_type=["icmp"] * len(rows),
        port=[None] * len(rows),
        planned=np.array([len(row[0]) for row in rows], dtype=np.int32),
        late=np.array([row[0].count(LATE) or -1 for row in rows], dtype=np.int32),
        duplicate=np.array(nothing[0::2], dtype=np.int32),
        reordered=np.array(nothing[1::2], dtype=np.int32),
        warmup=np.array([row[3] for row in rows], dtype=np.bool_),
        rtt_us=np.array([position for row in rows for position in row[0]], dtype=np.int32),
        details={number: b'{"error":"\xe2\x98\xb9"}' for number, row in enumerate(rows) if row[4]},
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, max_size=12))
def test_every_row_is_stored_as_it_is(engine: sa.Engine, rows: list[tuple[Any, ...]]) -> None:
    columns, run_id, ts = columns_of(rows), uuid4(), datetime.now(UTC)
    writer = writer_of(engine)
    writer.prepare(ts)
    with writing(engine) as connection:
        stored = writer.write(
            connection,
            Batch(
                runs=[BatchRun(ts=ts, tester_number=7, run_id=run_id, rows=len(rows))],
                server_numbers=np.arange(1, len(rows) + 1, dtype=np.int32),
                columns=columns,
                summary=summary_of(columns),
            ),
        )
    with engine.connect() as connection:
        query = sa.select(ping_results).where(ping_results.c.run_id == run_id)
        found = connection.execute(query.order_by(ping_results.c.server_id)).all()

    assert stored == len(found) == len(rows)
    for row, (positions, duplicate, reordered, warmup, detailed) in zip(found, rows, strict=True):
        answers = sorted(position for position in positions if position >= 0)
        assert (row.ts, row.tester_id, row.run_id) == (ts, 7, run_id)
        assert np.frombuffer(row.probes, dtype="<i4").tolist() == positions
        assert (row.duplicate, row.reordered, row.warmup) == (duplicate, reordered, warmup)
        assert row.late == (positions.count(LATE) or None)
        assert (row.planned, row.answered) == (len(positions), len(answers))
        assert row.sent == len(positions) - positions.count(NOT_SENT)
        assert row.min_us == (answers[0] if answers else None)
        assert row.max_us == (answers[-1] if answers else None)
        middle = (row.sent + 1) // 2 - 1
        assert row.p50_us == (answers[middle] if 0 <= middle < len(answers) else None)
        assert row.details == ({"error": "☹"} if detailed else None)
        if answers:
            assert row.mean_us == np.rint(np.mean(answers))
            assert abs(row.dev_us - np.std(answers)) <= 1
        else:
            assert (row.mean_us, row.dev_us) == (None, None)
