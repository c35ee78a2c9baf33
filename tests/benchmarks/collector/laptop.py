"""SQLite: how fast it takes reports, and how fast it answers."""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from collector.history.rollups import Roller
from collector.ingest.writer import COLUMNS
from collector.migrate import migrate
from collector.session import engine_of
from tests.benchmarks.collector.figures import Contender, interleaved
from tests.benchmarks.collector.history import END, Shape, write_history
from tests.benchmarks.collector.ingest import TOKEN, by_http
from tests.benchmarks.collector.questions import QUESTIONS, answered
from tests.benchmarks.collector.reports import reports
from tests.benchmarks.collector.serving import COLLECTOR, served
from tests.benchmarks.figures import Line

ROW_US = 1e6 / 50_000
ANSWER_MS = 50.0
OURS, RAW = "collector", "sqlite3, executemany of rows that are ready"


def reports_into_sqlite(
    directory: Path, *, rows: int = 10_000, at_once: int = 6, rounds: int = 3
) -> list[Line]:
    """Return the CPU of a row by HTTP, beside that of rows that are stored as they are."""
    file = directory / "ingest.sqlite3"
    with served(COLLECTOR, database_url=f"sqlite:///{file}") as ours:
        tester_id = uuid4()
        ours.register(uuid4(), "laptop", [(tester_id, "here", TOKEN)])
        ready = by_http(ours, reports(tester_id, rows=rows), at_once, user=tester_id)
        first = ready()
        first()
        found = interleaved(
            [
                Contender(name=OURS, ready=ready, cpu_s=ours.cpu_s),
                Contender(name=RAW, ready=_many(file, rows, at_once), cpu_s=time.process_time),
            ],
            rounds=rounds,
        )
    return [
        Line(
            name=f"SQLite: ingest, CPU per row, reports of {rows:,} rows",
            unit="µs",
            ours=found[OURS],
            peer_name=RAW,
            peer=found[RAW],
            limit=ROW_US,
        )
    ]


def _many(file: Path, rows: int, at_once: int) -> Callable[[], Callable[[], int]]:
    """Return what copies stored reports under ids of their own, each in its transaction."""
    marks = ", ".join("?" * len(COLUMNS))
    insert = f"INSERT INTO ping_results ({', '.join(COLUMNS)}) VALUES ({marks})"

    def ready() -> Callable[[], int]:
        connection = sqlite3.connect(file, timeout=60, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        kept = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM ping_results LIMIT {rows}").fetchall()
        ids = [uuid4().hex for _ in range(at_once)]
        packs = [[(*row[:3], run_id, *row[4:]) for row in kept] for run_id in ids]

        def deliver() -> int:
            for pack in packs:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(insert, pack)
                connection.execute("COMMIT")
            connection.close()
            return sum(map(len, packs))

        return deliver

    return ready


def months_in_sqlite(directory: Path, shape: Shape) -> list[Line]:
    """Return what each question of a history costs, beside the same SQL as far as SQLite has it."""
    file = directory / "months.sqlite3"
    url = f"sqlite:///{file}"
    engine = engine_of(url)
    migrate(engine)
    write_history(engine, shape)
    Roller(engine).roll_up(END)
    engine.dispose()
    read_only = f"file:{quote(str(file))}?mode=ro"
    count = "SELECT count(*), sum(answered), min(min_us), avg(p50_us) FROM ping_results GROUP BY tester_id"

    def raw() -> object:
        connection = sqlite3.connect(read_only, uri=True)
        try:
            return connection.execute(count).fetchall()
        finally:
            connection.close()

    with served(COLLECTOR, database_url=url) as server:

        def cpu_s() -> float:
            return server.cpu_s() + time.process_time()

        return [
            answered(question, server, shape, cpu_s=cpu_s, raw=raw)
            for question in (
                replace(asked, name=f"SQLite: {asked.name}", limit_ms=ANSWER_MS) for asked in QUESTIONS
            )
        ]
