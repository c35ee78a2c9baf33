"""A collector on a real database, once with each engine."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from collector.app import create_app
from collector.session import engine_of
from collector.settings import Settings
from tests.collector.reads.a_house import ADMIN, House


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    """An empty collector that keeps events of the past."""
    settings = Settings(database_url=database_url, admin_token=ADMIN[1], keep_events_s=1e9)
    engine = engine_of(database_url)
    with TestClient(create_app(settings, engine=engine)) as client:
        yield House(client=client, engine=engine, settings=settings)
    engine.dispose()
