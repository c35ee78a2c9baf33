"""Runs as a table to take along."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from collector.history.queries import RunFilter, RunKey, newest_runs
from collector.web.export_table import Column, Kind, Pages, Row, Table, columns

ROWS_AT_A_TIME = 1_000

RUNS_TABLE = Table(
    name="runs",
    about="one pass of a tester over all its servers each, those announced last first",
    columns=(
        *columns(Kind.ID, "run_id", "tester_id"),
        *columns(Kind.TEXT, "tester"),
        *columns(Kind.ID, "sweep_id"),
        *columns(Kind.WHOLE, "index", "of", "planned", "stored"),
        *columns(Kind.TIME, "announced_at"),
        *columns(Kind.RATIO, "expected_s"),
        *columns(Kind.TIME, "started_at", "finished_at"),
        *columns(Kind.TEXT, "state"),
        Column(name="trusted", kind=Kind.FLAG, meaning="null before there is a report"),
        Column(name="reason", kind=Kind.TEXT, meaning="why it is not trusted, or was given up"),
        Column(name="clock_offset_us", kind=Kind.WHOLE, meaning="the tester's clock minus the collector's"),
        *columns(Kind.FLAG, "clock_corrected"),
        *columns(Kind.JSON, "health", "engine"),
    ),
)

_IN_ROW = {"tester_id": "tester_uuid", "tester": "tester_name"}


def run_rows(rows: Sequence[sa.Row[Any]]) -> list[Row]:
    """Return rows of `newest_runs` in the order of the table's columns."""
    if not rows:
        return []
    places = {name: place for place, name in enumerate(rows[0]._fields)}
    pick = itemgetter(*(places[_IN_ROW.get(column.name, column.name)] for column in RUNS_TABLE.columns))
    return [pick(row) for row in rows]


def run_pages(connection: sa.Connection, *, chosen: RunFilter, after: RunKey | None) -> Pages:
    """Give all runs that are chosen, a page at a time."""
    while True:
        rows = newest_runs(connection, chosen, after=after, limit=ROWS_AT_A_TIME)
        if rows:
            yield run_rows(rows)
            after = (rows[-1].announced_at, rows[-1].run_id)
        if len(rows) < ROWS_AT_A_TIME:
            return
