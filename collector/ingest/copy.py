"""Storing results on Postgres by binary COPY."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
import sqlalchemy as sa

from collector.errors import Unavailable
from collector.history.partitions import Partitions
from collector.ingest.columns import NOTHING
from collector.ingest.numbers import Ints
from collector.ingest.writer import COLUMNS, Batch
from collector.tables import MICROSECOND

HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)
POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
NULL = -1
BLOCK_POSITIONS = 1_000_000
"""Probes that are put into one buffer at a time."""

COPY = f"COPY ping_results ({', '.join(COLUMNS)}) FROM STDIN (FORMAT BINARY)"


class CopyWriter:
    """Builds the COPY buffer with numpy.

    Rows of one shape (the same nulls, the same number of probes) are records of one length, so a
    report is a few arrays of records; only rows with details are put together one by one.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._partitions = Partitions(engine)

    def prepare(self, ts: datetime) -> None:
        """Make the partition of a time."""
        self._partitions.ensure(ts)

    def write(self, connection: sa.Connection, batch: Batch) -> int:
        """Store the results of a batch; return how many rows."""
        count = len(batch.columns)
        if not count:
            return 0
        driver = connection.connection.driver_connection
        assert driver is not None
        try:
            with driver.cursor() as cursor, cursor.copy(COPY) as copy:
                for block in blocks(batch):
                    copy.write(block)
        except psycopg.errors.CheckViolation:
            # The partition was known and is gone; the next try makes it again.
            self._partitions.forget()
            raise Unavailable("partition_missing", "a partition was dropped", retry_after_s=1) from None
        return count


def blocks(batch: Batch) -> Iterator[bytes]:
    """Give what COPY is sent for a batch, piece by piece."""
    yield HEADER
    keys = _Keys.of(batch)
    for rows in _shapes(batch):
        size = max(1, BLOCK_POSITIONS // (int(batch.columns.planned[rows[0]]) + len(COLUMNS)))
        for start in range(0, len(rows), size):
            yield _block(batch, keys, rows[start : start + size])
    yield TRAILER


Rows = range | npt.NDArray[np.int64]


def _shapes(batch: Batch) -> Sequence[Rows]:
    """Return the row numbers of each shape; a range where all rows have the same."""
    shape = batch.columns.planned.astype(np.int64)
    for bit, column in enumerate(batch.figures().values()):
        shape |= (column == NOTHING).astype(np.int64) << (32 + bit)
    if np.all(shape == shape[0]):
        return [range(len(shape))]
    order = np.argsort(shape, kind="stable")
    ends = np.flatnonzero(np.diff(shape[order])) + 1
    return np.split(order, ends)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Keys:
    """What each row says of its run and its server; `begins` is where its probes begin."""

    ts: npt.NDArray[np.int64]
    tester: npt.NDArray[np.int64]
    server: Ints
    run: npt.NDArray[np.void]
    begins: npt.NDArray[np.int64]

    @classmethod
    def of(cls, batch: Batch) -> "_Keys":
        rows = np.array([run.rows for run in batch.runs], dtype=np.int64)
        ts = np.array([(run.ts - POSTGRES_EPOCH) // MICROSECOND for run in batch.runs], dtype=np.int64)
        tester = np.array([run.tester_number for run in batch.runs], dtype=np.int64)
        ids = np.frombuffer(b"".join(run.run_id.bytes for run in batch.runs), dtype="V16")
        planned = batch.columns.planned.astype(np.int64)
        return cls(
            ts=np.repeat(ts, rows),
            tester=np.repeat(tester, rows),
            server=batch.server_numbers,
            run=np.repeat(ids, rows),
            begins=np.cumsum(planned) - planned,
        )


def _block(batch: Batch, keys: _Keys, rows: Rows) -> bytes:
    """Return the records of rows of one shape."""
    columns, summary = batch.columns, batch.summary
    planned = int(columns.planned[rows[0]])
    figures = batch.figures()
    nulls = {name for name, column in figures.items() if column[rows[0]] == NOTHING}
    # A range is a slice: nothing is gathered.
    chosen = slice(rows.start, rows.stop) if isinstance(rows, range) else rows
    records = _alike(_record(nulls, planned), nulls=nulls, planned=planned, count=len(rows))
    records["ts"] = keys.ts[chosen]
    records["tester_id"] = keys.tester[chosen]
    records["server_id"] = keys.server[chosen]
    records["run_id"] = keys.run[chosen]
    records["state"] = summary.state[chosen]
    records["sent"] = summary.sent[chosen]
    records["answered"] = summary.answered[chosen]
    for name, column in figures.items():
        if name not in nulls:
            records[name] = column[chosen]
    records["warmup"] = columns.warmup[chosen]
    if planned:
        records["probes"] = _probes(
            columns.rtt_us, keys.begins[chosen], planned, is_flat=isinstance(rows, range)
        )
    return _with_details(records, rows, columns.details)


def _alike(record: np.dtype[np.void], *, nulls: set[str], planned: int, count: int) -> npt.NDArray[np.void]:
    """Return records that hold what is the same in all of a shape: one is made, and copied as bytes."""
    one = np.zeros(1, dtype=record)
    one["fields"] = len(COLUMNS)
    there: Mapping[str, Any] = record.fields or {}
    for name in COLUMNS:
        size = there[name][0].itemsize if name in there else 0
        one[f"{name}_length"] = NULL if name in nulls else size
    one["details_length"] = NULL
    one["planned"] = planned
    content = np.empty((count, record.itemsize), dtype=np.uint8)
    content[:] = one.view(np.uint8)
    records: npt.NDArray[np.void] = content.view(record)[:, 0]
    return records


def _probes(rtt_us: Ints, begins: npt.NDArray[np.int64], planned: int, *, is_flat: bool) -> Ints:
    """Return the positions of some rows, a line for each; `is_flat` where they follow one another."""
    if is_flat:
        begin = int(begins[0])
        return rtt_us[begin : begin + len(begins) * planned].reshape(len(begins), planned)
    gathered: Ints = rtt_us[begins[:, None] + np.arange(planned)]
    return gathered


def _record(nulls: set[str], planned: int) -> np.dtype[np.void]:
    types = {
        "ts": ">i8",
        "run_id": "V16",
        "state": ">i2",
        "warmup": "u1",
        # The probes are bytes to Postgres, and ours are little-endian.
        "probes": ("<i4", (planned,)),
    }
    fields: list[tuple[str, object]] = [("fields", ">i2")]
    for name in COLUMNS:
        fields.append((f"{name}_length", ">i4"))
        if name not in nulls and name != "details" and not (name == "probes" and not planned):
            fields.append((name, types.get(name, ">i4")))
    flat = [(name, *kind) if isinstance(kind, tuple) else (name, kind) for name, kind in fields]
    return np.dtype(flat)


def _with_details(records: npt.NDArray[np.void], rows: Rows, details: dict[int, bytes]) -> bytes:
    if not details:
        return records.tobytes()
    parts: list[bytes] = []
    begun = 0
    for place, row in enumerate(rows if isinstance(rows, range) else rows.tolist()):
        if (text := details.get(row)) is not None:
            parts.append(records[begun : place + 1].tobytes()[:-4])
            parts.append(struct.pack(">i", len(text)) + text)
            begun = place + 1
    parts.append(records[begun:].tobytes())
    return b"".join(parts)
