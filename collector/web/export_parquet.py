"""Tables as Parquet."""

import io
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from collector.tables import microseconds_of
from collector.web.export_table import Kind, Pages, Table

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_IN_A_GROUP = 50_000
BYTES_IN_A_GROUP = 16 * 2**20
"""Rows are held until there are so many; larger groups are read faster, smaller ones hold less memory."""

REPEATING = (Kind.ID, Kind.TEXT)


def parquet_chunks(table: Table, pages: Pages, *, about: dict[str, str]) -> Iterator[bytes]:
    """Give the file piece by piece; its footer, without which nobody reads it, comes last.

    `about` is added to what the footer says of the table.
    """
    # Imported here: it costs more than the rest of the collector, and few ask for it.
    import pyarrow as pa
    from pyarrow import parquet

    schema = _schema(table, about)
    sink = _Sink()
    writer = parquet.ParquetWriter(
        pa.PythonFile(sink, mode="w"),
        schema,
        compression="zstd",
        use_dictionary=[column.name for column in table.columns if column.kind in REPEATING],
    )
    try:
        held: list[pa.RecordBatch] = []
        rows = size = 0
        for page in pages:
            if not page:
                continue
            batch = _batch(table, schema, page)
            held.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows >= ROWS_IN_A_GROUP or size >= BYTES_IN_A_GROUP:
                writer.write_table(pa.Table.from_batches(held), row_group_size=rows)
                held, rows, size = [], 0, 0
                yield sink.taken()
        if held:
            writer.write_table(pa.Table.from_batches(held), row_group_size=rows)
    except BaseException:
        # Closing writes a footer, which nobody takes from the sink any more.
        writer.close()
        raise
    writer.close()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """A file that hands on what was written."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        found = b"".join(self._parts)
        self._parts.clear()
        return found


def _schema(table: Table, about: dict[str, str]) -> "pa.Schema":
    import pyarrow as pa

    types = {
        Kind.ID: pa.string(),
        Kind.TEXT: pa.string(),
        Kind.TIME: pa.timestamp("us", tz="UTC"),
        Kind.WHOLE: pa.int64(),
        Kind.RATIO: pa.float64(),
        Kind.FLAG: pa.bool_(),
        Kind.JSON: pa.string(),
        Kind.RTTS: pa.list_(pa.int32()),
    }
    fields = [
        pa.field(
            column.name,
            types[column.kind],
            metadata={"meaning": column.meaning} if column.meaning else None,
        )
        for column in table.columns
    ]
    told = {"table": table.name, "version": str(table.version), "about": table.about}
    return pa.schema(fields, metadata=told | about)


def _batch(table: Table, schema: "pa.Schema", rows: Sequence[Sequence[Any]]) -> "pa.RecordBatch":
    import pyarrow as pa

    values = zip(*rows, strict=True)
    arrays = [
        _array(column.kind, items, field.type)
        for column, items, field in zip(table.columns, values, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(kind: Kind, values: Sequence[Any], kind_of_arrow: "pa.DataType") -> "pa.Array":
    import pyarrow as pa

    if kind is Kind.RTTS:
        ends = np.cumsum([0, *(len(value) // 4 for value in values)], dtype=np.int32)
        rtts = np.frombuffer(b"".join(values), dtype="<i4")
        return pa.ListArray.from_arrays(pa.array(ends), pa.array(rtts, type=pa.int32()))
    if kind is Kind.JSON:
        values = [None if value is None else json.dumps(value, separators=(",", ":")) for value in values]
    elif kind in (Kind.ID, Kind.TIME):
        written = str if kind is Kind.ID else microseconds_of
        known = {value: None if value is None else written(value) for value in set(values)}
        values = [known[value] for value in values]
    return pa.array(values, type=kind_of_arrow)
