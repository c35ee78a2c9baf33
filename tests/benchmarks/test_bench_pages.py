"""The pieces of the pages' benchmark, so small that nobody looks at their figures."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.benchmarks.bench_pages import large_matrix, long_path, matrix_of
from tests.benchmarks.collector.history import Shape
from tests.dashboard.browser import browser

__all__ = ["browser"]

pytestmark = pytest.mark.xdist_group("browser")
TINY = Shape(testers=2, servers=3, days=1, every=timedelta(minutes=30))


def test_every_page_is_measured(tmp_path: Path, browser: Browser) -> None:
    lines = [
        *matrix_of(tmp_path, TINY, browser),
        *large_matrix(tmp_path, TINY, browser),
        *long_path(tmp_path, Shape(testers=1, servers=1, days=1), browser),
    ]

    assert len(lines) == 6
    assert all(line.ours > 0 and line.peer > 0 for line in lines)
    # Everything is more than the page alone.
    assert lines[1].ours > lines[1].peer
