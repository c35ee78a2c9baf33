"""Storing results on Postgres by binary COPY."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

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


def _shapes(batch: Batch) -> list[npt.NDArray[np.int64]]:
    """Return the row numbers of each shape."""
    shape = batch.columns.planned.astype(np.int64)
    for bit, column in enumerate(batch.figures().values()):
        shape |= (column == NOTHING).astype(np.int64) << (32 + bit)
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


def _block(batch: Batch, keys: _Keys, rows: npt.NDArray[np.int64]) -> bytes:
    """Return the records of rows of one shape."""
    columns, summary = batch.columns, batch.summary
    planned = int(columns.planned[rows[0]])
    figures = batch.figures()
    nulls = {name for name, column in figures.items() if column[rows[0]] == NOTHING}
    records = np.zeros(len(rows), dtype=_record(nulls, planned))
    records["fields"] = len(COLUMNS)
    _put(records, "ts", keys.ts[rows], 8)
    _put(records, "tester_id", keys.tester[rows], 4)
    _put(records, "server_id", keys.server[rows], 4)
    _put(records, "run_id", keys.run[rows], 16)
    _put(records, "state", summary.state[rows], 2)
    _put(records, "planned", planned, 4)
    _put(records, "sent", summary.sent[rows], 4)
    _put(records, "answered", summary.answered[rows], 4)
    for name, column in figures.items():
        if name in nulls:
            records[f"{name}_length"] = NULL
        else:
            _put(records, name, column[rows], 4)
    _put(records, "warmup", columns.warmup[rows], 1)
    records["probes_length"] = planned * 4
    if planned:
        records["probes"] = columns.rtt_us[keys.begins[rows][:, None] + np.arange(planned)]
    records["details_length"] = NULL
    return _with_details(records, rows, columns.details)


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


def _put(records: npt.NDArray[np.void], name: str, value: object, length: int) -> None:
    records[f"{name}_length"] = length
    records[name] = value


def _with_details(
    records: npt.NDArray[np.void], rows: npt.NDArray[np.int64], details: dict[int, bytes]
) -> bytes:
    if not details:
        return records.tobytes()
    parts: list[bytes] = []
    begun = 0
    for place, row in enumerate(rows.tolist()):
        if (text := details.get(row)) is not None:
            parts.append(records[begun : place + 1].tobytes()[:-4])
            parts.append(struct.pack(">i", len(text)) + text)
            begun = place + 1
    parts.append(records[begun:].tobytes())
    return b"".join(parts)
