"""A newsroom on a real database, once with each engine."""

from collections.abc import Iterator

import pytest

from collector.session import engine_of
from tests.collector.alerts.a_newsroom import Newsroom


@pytest.fixture
def newsroom(database_url: str) -> Iterator[Newsroom]:
    """A fleet without rounds."""
    engine = engine_of(database_url)
    yield Newsroom(engine=engine).begin()
    engine.dispose()
