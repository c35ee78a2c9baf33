"""The collector beside other ways into the same tables, and its rollups beside raw rows.

BENCH_ROWS is how many rows of history are made for the questions, 5,000,000 where nothing is said.
Costs are CPU: of the server's process, of Postgres with all its backends, and of who writes directly.
"""

import os
import tempfile
from pathlib import Path

from tests.benchmarks.collector.accuracy import percentile_error
from tests.benchmarks.collector.history import shape_of
from tests.benchmarks.collector.ingest import large_reports
from tests.benchmarks.collector.laptop import months_in_sqlite, reports_into_sqlite
from tests.benchmarks.collector.postgres import postgres
from tests.benchmarks.collector.questions import months
from tests.benchmarks.collector.small import small_reports
from tests.benchmarks.figures import Line

ROWS = 5_000_000


def measure() -> list[Line]:
    """Return the figures of both engines, with the goals that the design sets."""
    rows = int(os.environ.get("BENCH_ROWS") or ROWS)
    with postgres() as server:
        lines = [*large_reports(server), *small_reports(server), *months(server, shape_of(rows))]
    with tempfile.TemporaryDirectory() as folder:
        lines += reports_into_sqlite(Path(folder))
        # A laptop's file does not grow with the history of a company.
        lines += months_in_sqlite(Path(folder), shape_of(min(rows, ROWS)))
    return [*lines, *percentile_error()]
