"""Tables as CSV (RFC 4180)."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from collector.web.export_table import Kind, Pages, Table
from collector.web.reads_answers import time_text

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet runs a text that begins so; a single quote in front makes it a text again."""


def csv_chunks(table: Table, pages: Pages) -> Iterator[bytes]:
    """Give the header line, then the rows of each page; what is not known is empty, never 0."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    for rows in pages:
        # Column by column: most of them repeat a few values, which are written once.
        values = zip(*rows, strict=True)
        cells = [
            _cells(column.kind, items) for column, items in zip(table.columns, values, strict=bool(len(rows)))
        ]
        writer.writerows(zip(*cells, strict=True))
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    if rest := text.getvalue():
        yield rest.encode()


def _cells(kind: Kind, values: Sequence[Any]) -> Sequence[Any]:
    if kind in (Kind.WHOLE, Kind.RATIO):
        return values
    if kind is Kind.RTTS:
        return [_list_text(value) for value in values]
    if kind is Kind.JSON:
        return [None if value is None else json.dumps(value, separators=(",", ":")) for value in values]
    written = _WRITTEN[kind]
    known = {value: written(value) for value in set(values)}
    return [known[value] for value in values]


def _list_text(packed: bytes) -> str:
    return "[" + ",".join(map(str, np.frombuffer(packed, dtype="<i4").tolist())) + "]"


def _defused(value: str | None) -> str | None:
    return "'" + value if value is not None and value.startswith(FORMULA_STARTS) else value


_WRITTEN: dict[Kind, Callable[[Any], str | None]] = {
    Kind.ID: lambda value: None if value is None else str(value),
    Kind.TEXT: _defused,
    Kind.TIME: lambda value: None if value is None else time_text(value),
    Kind.FLAG: lambda value: None if value is None else "true" if value else "false",
}
