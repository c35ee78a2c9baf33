"""Results as a table to take along."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from collector.history.queries import RunFilter
from collector.history.queries_results import ResultFilter, ResultKey, key_of, newest_results
from collector.web.export_table import Column, Kind, Pages, Row, Table, columns

PAGE_BYTES = 4 * 2**20
LEAST_ROWS, FIRST_ROWS, MOST_ROWS = 10, 200, 5_000
"""Rows that are read at a time: fewer where each has many probes."""

RESULTS_TABLE = Table(
    name="results",
    about="what each run found for each server address, newest first",
    columns=(
        Column(name="ts", kind=Kind.TIME, meaning="when the run started"),
        *columns(Kind.ID, "run_id", "tester_id"),
        *columns(Kind.TEXT, "tester"),
        *columns(Kind.ID, "server_id"),
        *columns(Kind.TEXT, "server", "group", "host", "address"),
        *columns(Kind.WHOLE, "family"),
        *columns(Kind.TEXT, "probe_type"),
        *columns(Kind.WHOLE, "port"),
        *columns(Kind.TEXT, "state"),
        *columns(Kind.WHOLE, "planned", "sent", "answered", "late", "duplicate", "reordered"),
        Column(name="min_us", kind=Kind.WHOLE, meaning="microseconds; null where nothing was answered"),
        Column(
            name="p50_us",
            kind=Kind.WHOLE,
            meaning="microseconds, lost probes counted as infinite; null where half or more were lost",
        ),
        *columns(Kind.WHOLE, "max_us", "mean_us", "dev_us"),
        Column(
            name="rtt_us",
            kind=Kind.RTTS,
            meaning="by position: microseconds, or -1 lost, -2 late, -3 not sent",
        ),
        *columns(Kind.JSON, "details"),
    ),
)

_IN_ROW = {
    "tester_id": "tester_uuid",
    "tester": "tester_name",
    "server_id": "server_uuid",
    "server": "server_name",
    "address": "ip_addr",
    "rtt_us": "probes",
}


def result_rows(rows: Sequence[sa.Row[Any]]) -> list[Row]:
    """Return rows of `newest_results` in the order of the table's columns."""
    if not rows:
        return []
    places = {name: place for place, name in enumerate(rows[0]._fields)}
    pick = itemgetter(*(places[_IN_ROW.get(column.name, column.name)] for column in RESULTS_TABLE.columns))
    return [pick(row) for row in rows]


def result_pages(
    connection: sa.Connection, chosen: RunFilter, *, only: ResultFilter, after: ResultKey | None
) -> Pages:
    """Give all results that are chosen, a page at a time."""
    size = FIRST_ROWS
    while True:
        rows = newest_results(connection, chosen, only=only, after=after, limit=size)
        if rows:
            yield result_rows(rows)
            after = key_of(rows[-1])
        if len(rows) < size:
            return
        mean = sum(len(row.probes) for row in rows) / len(rows)
        size = max(LEAST_ROWS, min(MOST_ROWS, int(PAGE_BYTES / max(mean, 1.0))))
