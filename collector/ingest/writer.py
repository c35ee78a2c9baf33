"""Storing results: one interface, an implementation for each engine."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat
from typing import Protocol, TypeVar
from uuid import UUID

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from collector.ingest.columns import NOTHING, Columns
from collector.ingest.numbers import Ints
from collector.ingest.summary import Summary
from collector.tables import microseconds_of

T = TypeVar("T")

COLUMNS = (
    "ts",
    "tester_id",
    "server_id",
    "run_id",
    "state",
    "planned",
    "sent",
    "answered",
    "late",
    "duplicate",
    "reordered",
    "min_us",
    "p50_us",
    "max_us",
    "mean_us",
    "dev_us",
    "warmup",
    "probes",
    "details",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchRun:
    """A run of a batch, and how many rows are its own."""

    ts: datetime
    tester_number: int
    run_id: UUID
    rows: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Batch:
    """The results of some runs, one after another, ready to be stored."""

    runs: Sequence[BatchRun]
    server_numbers: Ints
    columns: Columns
    summary: Summary

    def by_row(self, values: Iterable[T]) -> Iterator[T]:
        """Give one value of each run, for each of its rows."""
        pairs = zip(self.runs, values, strict=True)
        return chain.from_iterable(repeat(value, run.rows) for run, value in pairs)

    def figures(self) -> dict[str, npt.NDArray[np.int32]]:
        """Return the int4 columns that may be null, in their order; `NOTHING` is null."""
        columns, summary = self.columns, self.summary
        return {
            "late": columns.late,
            "duplicate": columns.duplicate,
            "reordered": columns.reordered,
            "min_us": summary.min_us,
            "p50_us": summary.p50_us,
            "max_us": summary.max_us,
            "mean_us": summary.mean_us,
            "dev_us": summary.dev_us,
        }


class Writer(Protocol):
    """Stores batches; the transaction is the caller's."""

    def prepare(self, ts: datetime) -> None:
        """Make room for results of a time, in a transaction of its own."""

    def write(self, connection: sa.Connection, batch: Batch) -> int:
        """Store the results of a batch; return how many rows."""


def writer_of(engine: sa.Engine) -> Writer:
    """Return the writer for an engine."""
    if engine.dialect.name == "postgresql":
        from collector.ingest.copy import CopyWriter

        return CopyWriter(engine)
    return SqliteWriter()


class SqliteWriter:
    """Stores with one `executemany`."""

    _STATEMENT = (
        f"INSERT INTO ping_results ({', '.join(COLUMNS)}) "  # noqa: S608 - constants only
        f"VALUES ({', '.join('?' * len(COLUMNS))})"
    )

    def prepare(self, ts: datetime) -> None:
        """Nothing: there are no partitions."""

    def write(self, connection: sa.Connection, batch: Batch) -> int:
        """Store the results of a batch; return how many rows."""
        columns, summary = batch.columns, batch.summary
        count = len(columns)
        if not count:
            return 0
        ends = np.cumsum(columns.planned, dtype=np.int64) * 4
        packed = columns.rtt_us.astype("<i4").tobytes()
        probes = [
            packed[start:end]
            for start, end in zip((ends - columns.planned * 4).tolist(), ends.tolist(), strict=True)
        ]
        details: list[str | None] = [None] * count
        for row, text in columns.details.items():
            details[row] = text.decode()
        rows = zip(
            batch.by_row(microseconds_of(run.ts) for run in batch.runs),
            batch.by_row(run.tester_number for run in batch.runs),
            batch.server_numbers.tolist(),
            batch.by_row(run.run_id.hex for run in batch.runs),
            summary.state.tolist(),
            columns.planned.tolist(),
            summary.sent.tolist(),
            summary.answered.tolist(),
            *(_with_nulls(column) for column in batch.figures().values()),
            columns.warmup.tolist(),
            probes,
            details,
            strict=True,
        )
        connection.exec_driver_sql(self._STATEMENT, list(rows))
        return count


def _with_nulls(column: npt.NDArray[np.int32]) -> list[int | None]:
    values: list[int | None] = column.tolist()
    for row in np.flatnonzero(column == NOTHING).tolist():
        values[row] = None
    return values
