"""Sums of paths by the hour and the day as tables to take along."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from collector.history.figures import Integers
from collector.history.queries import region_of
from collector.history.queries_sums import Names, SumFilter, SumKey, stored_sums
from collector.history.sums import Sums, sums_in
from collector.web.export_table import Column, Kind, Pages, Row, Table, columns

ROWS_AT_A_TIME = 2_000


def _table(period: str) -> Table:
    percentile = "microseconds, within 1 %, lost probes counted as infinite; null says its note why"
    return Table(
        name=f"{period}s",
        about=f"sums of each tester's trusted results to one address by the {period}, path by path",
        columns=(
            Column(name=period, kind=Kind.TIME, meaning=f"when the {period} began"),
            *columns(Kind.TEXT, "fleet"),
            *columns(Kind.ID, "tester_id"),
            *columns(Kind.TEXT, "tester", "region"),
            *columns(Kind.ID, "server_id"),
            *columns(Kind.TEXT, "server", "group", "host", "address"),
            *columns(Kind.WHOLE, "family"),
            *columns(Kind.TEXT, "probe_type"),
            *columns(Kind.WHOLE, "port"),
            Column(name="runs", kind=Kind.WHOLE, meaning="results of trusted runs"),
            Column(name="left_out", kind=Kind.WHOLE, meaning="results of runs that are not trusted"),
            *columns(Kind.WHOLE, "planned"),
            Column(name="n", kind=Kind.WHOLE, meaning="probes that were sent"),
            *columns(Kind.WHOLE, "answered"),
            Column(name="late", kind=Kind.WHOLE, meaning="null where some engine could not tell"),
            *columns(Kind.RATIO, "loss_ratio"),
            Column(name="loss_low", kind=Kind.RATIO, meaning="95 % interval (Wilson)"),
            Column(name="loss_high", kind=Kind.RATIO, meaning="95 % interval (Wilson)"),
            *columns(Kind.WHOLE, "min_us"),
            Column(name="p50_us", kind=Kind.WHOLE, meaning=percentile),
            Column(name="p95_us", kind=Kind.WHOLE, meaning=percentile),
            *columns(Kind.TEXT, "p50_note", "p95_note"),
            *columns(Kind.WHOLE, "max_us"),
            *columns(Kind.RATIO, "mean_us", "stddev_us"),
            Column(name="ipdv_us", kind=Kind.WHOLE, meaning="mean difference of neighbouring answers"),
        ),
    )


SUM_TABLES = {period: _table(period) for period in ("hour", "day")}


def sum_rows(rows: Sequence[Any], names: Names) -> list[Row]:
    """Return rows of `stored_sums` in the order of the table's columns."""
    if not rows:
        return []
    names.learn(rows)
    _, _, _, *values = zip(*rows, strict=True)
    sums = sums_in(values, group=np.arange(len(rows)), groups=len(rows))
    figures = sums.figures()
    mean, spread = _moments(sums)
    found: list[Row] = []
    for number, row in enumerate(rows):
        tester, server, figure = names.testers[row[0]], names.servers[row[1]], figures.one(number)
        some = figure.answered > 0
        found.append(
            (
                row[2],
                tester.fleet_name,
                tester.uuid,
                tester.name,
                region_of(tester),
                server.uuid,
                server.name,
                server.group,
                server.host,
                server.ip_addr,
                server.family,
                server.probe_type,
                server.port,
                row.runs,
                row.left_out,
                figure.planned,
                figure.n,
                figure.answered,
                figure.late,
                figure.loss_ratio,
                figure.loss_low,
                figure.loss_high,
                figure.min_us,
                figure.p50_us,
                figure.p95_us,
                figure.p50_note,
                figure.p95_note,
                figure.max_us,
                mean[number] if some else None,
                spread[number] if some else None,
                figure.ipdv_us,
            )
        )
    return found


def sum_pages(connection: sa.Connection, *, period: str, chosen: SumFilter, after: SumKey | None) -> Pages:
    """Give all rows that are chosen, a page at a time."""
    names = Names(connection)
    while True:
        rows = stored_sums(connection, period, chosen, after=after, limit=ROWS_AT_A_TIME)
        if rows:
            yield sum_rows(rows, names)
            after = sum_key_of(rows[-1])
        if len(rows) < ROWS_AT_A_TIME:
            return


def sum_key_of(row: Any) -> SumKey:
    """Return where a row of `stored_sums` stands."""
    return SumKey(tester_number=row[0], server_number=row[1], at=row[2])


def _moments(sums: Sums) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation of the answers of each row, 0 where there is none."""
    answered: Integers = np.maximum(sums.answered, 1)
    mean = sums.sum_us / answered
    # Rounding may bring the squares of one value a little below zero.
    spread = np.sqrt(np.maximum(sums.sumsq_us2 / answered - mean * mean, 0.0))
    return mean.tolist(), spread.tolist()
