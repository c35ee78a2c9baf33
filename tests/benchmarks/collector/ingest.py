"""Reports of 10,000 rows by HTTP into Postgres, beside other ways into the same tables."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from uuid import UUID, uuid4

import numpy as np
import psycopg
import sqlalchemy as sa

from collector.ingest.columns import read_report
from collector.ingest.copy import COPY, blocks
from collector.ingest.summary import summary_of
from collector.ingest.writer import Batch, BatchRun
from collector.session import engine_of
from collector.tables import servers, testers
from tests.benchmarks.collector.figures import Contender, interleaved
from tests.benchmarks.collector.postgres import Postgres
from tests.benchmarks.collector.reports import Body, reports
from tests.benchmarks.collector.serving import COLLECTOR, Served, served
from tests.benchmarks.figures import Line

OURS, RAW, COPIES, VALUES = (
    "collector",
    "raw binary COPY, one connection",
    "FastAPI, pydantic, COPY row by row",
    "FastAPI, pydantic, insertmanyvalues",
)
PEERS = {COPIES: "copy", VALUES: "insert"}
GOALS = {
    # By CPU: 0.65 × as fast as raw COPY, 4 × and 8 × as fast as the others.
    RAW: 1 / 0.65,
    COPIES: 1 / 4,
    VALUES: 1 / 8,
}
TOKEN = "a tester's token"


def large_reports(
    postgres: Postgres, *, rows: int = 10_000, at_once: int = 6, rounds: int = 15
) -> list[Line]:
    """Return the CPU of a row by each way, in turn."""
    url = postgres.made("ingest")
    ids = {name: uuid4() for name in (OURS, *GOALS)}
    given = {name: reports(tester_id, rows=rows) for name, tester_id in ids.items()}
    with ExitStack() as stack:
        ours = stack.enter_context(served(COLLECTOR, database_url=url))
        ours.register(
            uuid4(), "ingest", [(tester_id, f"tester-{tester_id}", TOKEN) for tester_id in ids.values()]
        )
        # The first report mints the servers, which the others only look up.
        by_http(ours, given[OURS], 1, user=ids[OURS])()()
        contenders = [
            Contender(
                name=OURS,
                ready=by_http(ours, given[OURS], at_once, user=ids[OURS]),
                cpu_s=_cpu_of(ours, postgres),
            ),
            stack.enter_context(raw_copy(postgres, url, given[RAW], at_once, tester_id=ids[RAW])),
        ]
        for name, store in PEERS.items():
            program = ("-m", "tests.benchmarks.collector.textbook", store)
            peer = stack.enter_context(served(program, database_url=url))
            # What takes ten times longer needs fewer reports for a figure that is as exact.
            ready = by_http(peer, given[name], max(1, at_once // 6))
            contenders.append(Contender(name=name, ready=ready, cpu_s=_cpu_of(peer, postgres)))
        found = interleaved(contenders, rounds=rounds)
    return [
        Line(
            name=f"ingest, CPU per row, reports of {rows:,} rows",
            unit="µs",
            ours=found[OURS],
            peer_name=name,
            peer=found[name],
            most_ratio=round(most, 3),
        )
        for name, most in GOALS.items()
    ]


def _cpu_of(server: Served, postgres: Postgres) -> Callable[[], float]:
    return lambda: server.cpu_s() + postgres.cpu_s()


def by_http(
    server: Served, given: Iterator[Body], at_once: int, *, user: UUID | None = None
) -> Callable[[], Callable[[], int]]:
    """Return what readies reports for the collector, or for a textbook where no user is named."""

    def ready() -> Callable[[], int]:
        # A new connection each time: one that idles while others have their turn is closed.
        client = server.client(str(user), TOKEN)
        bodies = [
            (f"/api/v1/runs/{body.run_id}/report", body.columnar, body.rows)
            if user is not None
            else ("/reports", body.by_row(), body.rows)
            for body in islice(given, at_once)
        ]

        def deliver() -> int:
            for path, content, _ in bodies:
                client.ask("PUT", path, content)
            return sum(rows for *_, rows in bodies)

        return deliver

    return ready


@contextmanager
def raw_copy(
    postgres: Postgres, url: str, given: Iterator[Body], at_once: int, *, tester_id: UUID
) -> Iterator[Contender]:
    """Give the bare minimum: bytes that are ready, one COPY and one commit for each report."""
    engine = engine_of(url)
    with engine.connect() as connection:
        tester = connection.execute(sa.select(testers.c.id).where(testers.c.uuid == tester_id)).scalar_one()
        known = connection.execute(sa.select(servers.c.name, servers.c.id))
        numbers = {row.name: row.id for row in known}
    engine.dispose()

    def ready() -> Callable[[], int]:
        bodies = list(islice(given, at_once))
        packed = [_packed(body, tester=tester, numbers=numbers) for body in bodies]

        def deliver() -> int:
            for block in packed:
                with driver.transaction(), driver.cursor() as cursor, cursor.copy(COPY) as copy:
                    copy.write(block)
            return sum(body.rows for body in bodies)

        return deliver

    with psycopg.connect(url, autocommit=True) as driver:
        yield Contender(name=RAW, ready=ready, cpu_s=lambda: time.process_time() + postgres.cpu_s())


def _packed(body: Body, *, tester: int, numbers: dict[str, int]) -> bytes:
    columns = read_report(body.columnar).columns
    run = BatchRun(ts=body.report.started_at, tester_number=tester, run_id=body.run_id, rows=body.rows)
    batch = Batch(
        runs=[run],
        server_numbers=np.array([numbers[name] for name in columns.server], dtype=np.int32),
        columns=columns,
        summary=summary_of(columns),
    )
    return b"".join(blocks(batch))
