"""The textbook's way to store reports: FastAPI, a pydantic model for each result, then rows.

`copy` writes rows by psycopg's binary COPY, `insert` by SQLAlchemy's insertmanyvalues. Both fill the
same tables as the collector, with the same figures, in one transaction for each report.
"""

import argparse
import json
import os
import socket
import struct
import sys
from collections.abc import Callable
from datetime import datetime
from statistics import fmean, pstdev
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import insert

from collector.ingest.writer import COLUMNS
from collector.session import engine_of
from collector.tables import RESULT_STATES, ResultState, runs, servers, testers

COPY = f"COPY ping_results ({', '.join(COLUMNS)}) FROM STDIN (FORMAT BINARY)"
TYPES = (
    *("timestamptz", "int4", "int4", "uuid", "int2"),
    *("int4",) * 11,
    *("bool", "bytea", "json"),
)

PLAIN_TYPES: dict[str, Any] = {
    "timestamptz": sa.DateTime(timezone=True),
    "uuid": sa.Uuid(),
    "int2": sa.SmallInteger(),
} | {
    "int4": sa.Integer(),
    "bool": sa.Boolean(),
    "bytea": sa.LargeBinary(),
    "json": sa.JSON(none_as_null=True),
}
PLAIN = sa.table(
    "ping_results",
    *(sa.column(name, PLAIN_TYPES[type_]) for name, type_ in zip(COLUMNS, TYPES, strict=True)),
)
"""The table without types of our own, which cost time for each value."""

PAGE = 20
"""Rows of a statement: the driver reads long texts again each time, and 500 cost half as much again."""


class Result(BaseModel):
    """What one address answered."""

    server: str
    group: str
    host: str
    address: str | None
    family: int | None
    probe_type: str
    port: int | None
    planned: int
    late: int | None
    duplicate: int | None
    reordered: int | None
    warmup: bool
    rtt_us: list[int]


class Report(BaseModel):
    """What one run found."""

    run_id: UUID
    tester_id: UUID
    sweep_id: UUID
    index: int
    started_at: datetime
    finished_at: datetime
    end: str
    results: list[Result]


def rows_of(report: Report, *, tester: int, numbers: dict[str, int]) -> list[tuple[Any, ...]]:
    """Return the rows of the table, in the order of its columns."""
    rows: list[tuple[Any, ...]] = []
    for result in report.results:
        rtt_us = result.rtt_us
        answers = sorted(value for value in rtt_us if value >= 0)
        answered, sent = len(answers), len(rtt_us) - rtt_us.count(-3)
        middle = (sent + 1) // 2 - 1
        mean = fmean(answers) if answers else None
        state = ResultState.LOST if not answers else ResultState.OK if answered == sent else ResultState.LOSSY
        rows.append(
            (
                report.started_at,
                tester,
                numbers[result.server],
                report.run_id,
                RESULT_STATES.index(state),
                result.planned,
                sent,
                answered,
                result.late,
                result.duplicate,
                result.reordered,
                answers[0] if answers else None,
                answers[middle] if 0 <= middle < answered else None,
                answers[-1] if answers else None,
                None if mean is None else round(mean),
                None if mean is None else round(pstdev(answers, mean)),
                result.warmup,
                struct.pack(f"<{len(rtt_us)}i", *rtt_us),
                None,
            )
        )
    return rows


def by_copy(connection: sa.Connection, rows: list[tuple[Any, ...]]) -> None:
    """Store rows by binary COPY."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with driver.cursor() as cursor, cursor.copy(COPY) as copy:
        copy.set_types(TYPES)
        for row in rows:
            copy.write_row(row)


def by_insert(connection: sa.Connection, rows: list[tuple[Any, ...]]) -> None:
    """Store rows by insertmanyvalues, a page at a time."""
    connection.execute(sa.insert(PLAIN), [dict(zip(COLUMNS, row, strict=True)) for row in rows])


STORES: dict[str, Callable[[sa.Connection, list[tuple[Any, ...]]], None]] = {
    "copy": by_copy,
    "insert": by_insert,
}


def application(engine: sa.Engine, store: Callable[[sa.Connection, list[tuple[Any, ...]]], None]) -> FastAPI:
    """Return an application with one route."""
    app = FastAPI()
    with engine.connect() as connection:
        numbers = {row.name: row.id for row in connection.execute(sa.select(servers.c.name, servers.c.id))}
        known = {row.uuid: row.id for row in connection.execute(sa.select(testers.c.uuid, testers.c.id))}

    @app.put("/reports", status_code=201)
    def put_report(report: Report) -> dict[str, int]:
        tester = known[report.tester_id]
        rows = rows_of(report, tester=tester, numbers=numbers)
        with engine.begin() as connection:
            written = connection.execute(
                insert(runs)
                .values(
                    tester_id=tester,
                    run_id=report.run_id,
                    sweep_id=report.sweep_id,
                    index=report.index,
                    planned=len(rows),
                    stored=len(rows),
                    announced_at=report.started_at,
                    started_at=report.started_at,
                    finished_at=report.finished_at,
                    clock_corrected=False,
                    trusted=True,
                    state=report.end,
                )
                .on_conflict_do_nothing()
            ).rowcount
            if written:
                store(connection, rows)
        return {"stored": len(rows) if written else 0}

    return app


def main(arguments: list[str]) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", choices=list(STORES))
    store = STORES[parser.parse_args(arguments).store]
    engine = engine_of(os.environ["COLLECTOR_DATABASE_URL"]).execution_options(
        insertmanyvalues_page_size=PAGE
    )
    # SQLAlchemy takes it with this driver for what returns something alone.
    engine.dialect.use_insertmanyvalues_wo_returning = True
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        app = application(engine, store)
        sys.stderr.write(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}) + "\n")
        sys.stderr.flush()
        config = uvicorn.Config(app, access_log=False, log_level="warning")
        uvicorn.Server(config).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
