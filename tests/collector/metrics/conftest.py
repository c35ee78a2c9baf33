"""A collector on a real database, once with each engine, and how to read its figures."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from collector.app import create_app
from collector.session import engine_of
from collector.settings import Settings
from tests.collector.reads.a_house import ADMIN, House


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    """An empty collector."""
    settings = Settings(database_url=database_url, admin_token=ADMIN[1])
    engine = engine_of(database_url)
    with TestClient(create_app(settings, engine=engine), raise_server_exceptions=False) as client:
        yield House(client=client, engine=engine, settings=settings)
    engine.dispose()
