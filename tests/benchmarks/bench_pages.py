"""Pages of the dashboard beside the API's answer to the same question, on a cold cache, in a real browser.

It needs chromium. Times are the whole answer's, as a client of this machine has it; bytes are those that
go over the wire for the page with everything that it loads.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser

from collector.history.rollups import Roller
from collector.migrate import migrate
from collector.session import engine_of
from tests.benchmarks.collector.history import END, HOUR, Shape, server_name, tester_name, write_history
from tests.benchmarks.collector.serving import COLLECTOR, OK, Served, served
from tests.benchmarks.figures import Line
from tests.dashboard.browser import chromium, launched

ASKED = 15
"""Times that a page is asked for; the median counts."""

LOADED = 3
MATRIX_MS, MATRIX_KB = 100.0, 300.0
LARGE_MS = 3_000.0
"""What "usable" means for a matrix of 1,000 × 100."""

PATH_MS = 1_000.0
SQUARE = Shape(testers=30, servers=30, days=8, every=timedelta(hours=1))
LARGE = Shape(testers=1_000, servers=100, days=1, every=timedelta(hours=1))
ONE = Shape(testers=1, servers=1, days=70)
DRAWN = "() => document.querySelector('#chart canvas') !== null"


def measure() -> list[Line]:
    """Return the figures of the matrix, a large one, and a path with a long past."""
    program = chromium()
    if program is None:
        sys.exit("part pages: needs chromium; install it, or name it in CHROMIUM")
    with tempfile.TemporaryDirectory() as folder, launched(program) as browser:
        return [
            *matrix_of(Path(folder), SQUARE, browser),
            *large_matrix(Path(folder), LARGE, browser),
            *long_path(Path(folder), ONE, browser),
        ]


def matrix_of(folder: Path, shape: Shape, browser: Browser) -> list[Line]:
    """Return what a matrix costs the server, and how many bytes it is in all."""
    with on_history(folder / "matrix", shape, last_hours=None) as collector:
        question = _last_hour()
        page_ms, data_ms = _answered_ms(collector, "/matrix", question)
        bytes_in_all, page_alone = _bytes_of(browser, collector, f"/matrix?{question}")
    name = f"{shape.testers} × {shape.servers}"
    return [
        Line(
            name=f"matrix page {name}, server time",
            unit="ms",
            ours=page_ms,
            peer_name="the same as JSON",
            peer=data_ms,
            limit=MATRIX_MS,
        ),
        Line(
            name=f"matrix page {name}, everything, cold cache",
            unit="kB",
            ours=bytes_in_all / 1_000,
            peer_name="the page alone",
            peer=page_alone / 1_000,
            limit=MATRIX_KB,
        ),
    ]


def large_matrix(folder: Path, shape: Shape, browser: Browser) -> list[Line]:
    """Return how long a large matrix takes until it can be used."""
    with on_history(folder / "large", shape, last_hours=1) as collector:
        question = _last_hour()
        page_ms, data_ms = _answered_ms(collector, "/matrix", question, times=3)
        ready_ms = _ready_ms(browser, collector, f"/matrix?{question}")
    name = f"{shape.testers:,} × {shape.servers}"
    return [
        Line(
            name=f"matrix page {name}, server time",
            unit="ms",
            ours=page_ms,
            peer_name="the same as JSON",
            peer=data_ms,
        ),
        Line(
            name=f"matrix page {name}, until it can be used",
            unit="ms",
            ours=ready_ms,
            peer_name="its server time",
            peer=page_ms,
            limit=LARGE_MS,
        ),
    ]


def long_path(folder: Path, shape: Shape, browser: Browser) -> list[Line]:
    """Return how long a path with a long past takes until its chart is drawn and can be used."""
    with on_history(folder / "path", shape, last_hours=None) as collector:
        question = urlencode(
            {
                "tester": tester_name(0),
                "server": server_name(0),
                "since": shape.since.isoformat(),
                "until": END.isoformat(),
            }
        )
        page_ms, data_ms = _answered_ms(collector, "/path", question, times=5)
        ready_ms = _ready_ms(browser, collector, f"/path?{question}", until=DRAWN)
    return [
        Line(
            name=f"path page, {shape.rows:,} results, server time",
            unit="ms",
            ours=page_ms,
            peer_name="the same as JSON",
            peer=data_ms,
        ),
        Line(
            name=f"path page, {shape.rows:,} results, until it can be used",
            unit="ms",
            ours=ready_ms,
            peer_name="its server time",
            peer=page_ms,
            limit=PATH_MS,
        ),
    ]


@contextmanager
def on_history(folder: Path, shape: Shape, *, last_hours: int | None) -> Iterator[Served]:
    """Give a collector on a history, all of it or its last hours, in an SQLite file of its own."""
    folder.mkdir()
    url = f"sqlite:///{folder / 'collector.sqlite3'}"
    engine = engine_of(url)
    migrate(engine)
    write_history(engine, shape, last_hours=last_hours)
    Roller(engine).roll_up(END)
    engine.dispose()
    with served(COLLECTOR, database_url=url) as collector:
        yield collector


def _last_hour() -> str:
    return urlencode({"since": (END - HOUR).isoformat(), "until": END.isoformat()})


def _answered_ms(collector: Served, page: str, question: str, *, times: int = ASKED) -> tuple[float, float]:
    """Return the median time of a page and of the API's answer, asked for in turn, after one of each."""
    client = collector.client()
    taken: dict[str, list[float]] = {f"{page}?{question}": [], f"/api/v1{page}?{question}": []}
    for number in range(times + 1):
        for address, found in taken.items():
            begun = time.perf_counter()
            client.ask("GET", address, expected=OK)
            if number:
                found.append((time.perf_counter() - begun) * 1_000)
    ours, data = (statistics.median(found) for found in taken.values())
    return ours, data


def _bytes_of(browser: Browser, collector: Served, address: str) -> tuple[int, int]:
    """Return what a page and everything that it loads send, bodies and heads; and the page alone."""
    context = browser.new_context()
    page = context.new_page()
    done: list[tuple[str, int]] = []
    page.on(
        "requestfinished",
        lambda request: done.append(
            (
                request.resource_type,
                request.sizes()["responseBodySize"] + request.sizes()["responseHeadersSize"],
            )
        ),
    )
    page.goto(f"http://{collector.address}{address}", wait_until="networkidle")
    context.close()
    return sum(size for _, size in done), sum(size for kind, size in done if kind == "document")


def _ready_ms(browser: Browser, collector: Served, address: str, *, until: str = "() => true") -> float:
    """Return the median time, on a cold cache, until a page is loaded, drawn and idle."""
    taken = []
    for _ in range(LOADED):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"http://{collector.address}{address}", wait_until="load")
        page.wait_for_function(until)
        taken.append(
            page.evaluate("() => new Promise((done) => requestIdleCallback(() => done(performance.now())))")
        )
        context.close()
    return float(statistics.median(taken))
