"""Collectors that serve a generated history, and a browser to look at them with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from collector.migrate import migrate
from collector.session import engine_of
from tests.benchmarks.collector.serving import COLLECTOR, served
from tests.dashboard.browser import browser
from tests.dashboard.history import write_history
from tests.dashboard.hostile import write_hostile
from tests.dashboard.origin import Origin
from tests.end_to_end.conftest import place

__all__ = ["browser", "place"]


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Origin]:
    """A collector, in a process of its own, on the history whose truth is known."""
    yield from _serving(tmp_path_factory.mktemp("past"), write_history)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Origin]:
    """A collector on a small history in which every name is meant to break something."""
    yield from _serving(tmp_path_factory.mktemp("hostile"), write_hostile)


def _serving(folder: Path, write: Callable[[sa.Engine], None]) -> Iterator[Origin]:
    url = f"sqlite:///{folder / 'collector.sqlite3'}"
    engine = engine_of(url)
    migrate(engine)
    write(engine)
    with served(COLLECTOR, database_url=url) as collector:
        yield Origin(url=f"http://{collector.address}", engine=engine)
    engine.dispose()
