"""Things that a test may break."""

from collections.abc import Iterator

import pytest

from tests.collector.hardship.a_postgres import Postgres, a_postgres


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A Postgres of this test alone."""
    with a_postgres() as found:
        if found is None:
            pytest.skip("no Postgres: neither initdb on PATH nor /usr/lib/postgresql")
        yield found
