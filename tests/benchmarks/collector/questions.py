"""What people ask of months of history: of the collector by HTTP, and of the raw rows by SQL."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

import psycopg
import sqlalchemy as sa

from collector.history.rollups import Roller
from collector.session import engine_of
from tests.benchmarks.collector.history import END, FLEET, Shape, server_name, tester_name, write_history
from tests.benchmarks.collector.postgres import Postgres
from tests.benchmarks.collector.serving import COLLECTOR, OK, Served, served
from tests.benchmarks.figures import Line

ROLLUP_US = 4.0
ROW_BYTES, HOUR_BYTES = 165.0, 300.0
ASKED = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question of the whole window: by HTTP, and in SQL of raw rows, which answers less."""

    name: str
    path: str
    given: dict[str, str]
    sql: str
    limit_ms: float
    most_ratio: float | None = None


_FIGURES = """count(*), sum(sent), sum(answered), min(min_us), max(max_us),
       percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY p50_us)"""
_TIME = "ts >= %(since)s AND ts < %(until)s"

QUESTIONS = (
    Question(
        name="slow regions",
        path="/api/v1/slow",
        given={"fleet": FLEET},
        sql=f"""SELECT location, {_FIGURES} FROM ping_results r
                  JOIN testers t ON t.id = r.tester_id WHERE {_TIME} GROUP BY location""",
        limit_ms=250,
        most_ratio=1 / 500,
    ),
    Question(
        name="matrix",
        path="/api/v1/matrix",
        given={"fleet": FLEET},
        sql=f"SELECT tester_id, server_id, {_FIGURES} FROM ping_results WHERE {_TIME} GROUP BY 1, 2",
        limit_ms=50,
    ),
    Question(
        name="one path by day",
        path="/api/v1/path",
        given={"tester": tester_name(0), "server": server_name(0), "resolution": "day"},
        sql=f"""SELECT date_trunc('day', ts), {_FIGURES} FROM ping_results
                 WHERE {_TIME} AND tester_id = (SELECT id FROM testers WHERE name = %(tester)s)
                   AND server_id = (SELECT id FROM servers WHERE name = %(server)s) GROUP BY 1""",
        limit_ms=10,
    ),
)
ENOUGH_ROWS = 100_000_000
"""From here on the goal against raw rows counts: a rollup costs the same however few rows it is of."""


def months(postgres: Postgres, shape: Shape) -> list[Line]:
    """Return what a history costs to roll up and to keep, and how fast it answers."""
    url = postgres.made("months")
    return [*kept(postgres, url, shape), *questions(postgres, url, shape)]


def kept(postgres: Postgres, url: str, shape: Shape) -> list[Line]:
    """Make a history; return what it costs to roll up and to keep."""
    engine = engine_of(url)
    write_history(engine, shape)
    _vacuum(engine)
    before = time.process_time() + postgres.cpu_s()
    Roller(engine).roll_up(END)
    cost_us = (time.process_time() + postgres.cpu_s() - before) / shape.rows * 1e6
    _vacuum(engine)
    lines = [
        Line(
            name=f"rollup job, CPU per raw row, {shape.words}",
            unit="µs",
            ours=cost_us,
            peer_name="goal",
            peer=ROLLUP_US,
            limit=ROLLUP_US,
        ),
        *sizes(engine),
    ]
    engine.dispose()
    return lines


def questions(postgres: Postgres, url: str, shape: Shape) -> list[Line]:
    """Return what each question of a history costs."""
    with served(COLLECTOR, database_url=url) as server:

        def cpu_s() -> float:
            return server.cpu_s() + postgres.cpu_s()

        return [
            answered(question, server, shape, cpu_s=cpu_s, raw=asked_raw(question, url, shape))
            for question in QUESTIONS
        ]


def _vacuum(engine: sa.Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM ANALYZE")


def sizes(engine: sa.Engine) -> list[Line]:
    """Return the bytes of a row with its indexes, raw and hourly."""
    lines = []
    for table, name, limit in (
        ("ping_results", "raw result, with its key", ROW_BYTES),
        ("ping_rollups_hour", "hourly rollup, with its key", HOUR_BYTES),
    ):
        query = f"""SELECT sum(pg_table_size(inhrelid)), sum(pg_indexes_size(inhrelid)),
                           (SELECT count(*) FROM {table})
                      FROM pg_inherits WHERE inhparent = '{table}'::regclass"""
        with engine.connect() as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            heap, keys, rows = connection.exec_driver_sql(query).one()
        lines.append(
            Line(
                name=f"storage of a {name}",
                unit="B",
                ours=float(heap + keys) / rows,
                peer_name="of it without keys",
                peer=float(heap) / rows,
                limit=limit,
            )
        )
    return lines


def answered(
    question: Question, server: Served, shape: Shape, *, cpu_s: Callable[[], float], raw: Callable[[], object]
) -> Line:
    """Return what an answer of the collector costs, beside the same of raw rows.

    It is the CPU of all that takes part, and so the time of an answer on a machine that is idle.
    """
    window = {"since": shape.since.isoformat(), "until": END.isoformat()}
    client = server.client()
    path = f"{question.path}?{urlencode(question.given | window)}"
    client.ask("GET", path, expected=OK)
    ours = _cost_ms(lambda: client.ask("GET", path, expected=OK), cpu_s=cpu_s, times=ASKED)
    return Line(
        name=f"{question.name}, {shape.words}",
        unit="ms",
        ours=ours,
        peer_name="SQL on raw rows",
        peer=_cost_ms(raw, cpu_s=cpu_s, times=1),
        limit=question.limit_ms,
        most_ratio=question.most_ratio if shape.rows >= ENOUGH_ROWS else None,
    )


def asked_raw(question: Question, url: str, shape: Shape) -> Callable[[], object]:
    """Return what asks Postgres of the raw rows."""

    def ask() -> object:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET jit = off")
            values = question.given | {"since": shape.since, "until": END}
            return connection.execute(question.sql.encode(), values).fetchall()

    return ask


def _cost_ms(ask: Callable[[], object], *, cpu_s: Callable[[], float], times: int) -> float:
    before = cpu_s()
    for _ in range(times):
        ask()
    return (cpu_s() - before) / times * 1e3
