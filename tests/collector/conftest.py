"""A collector in this process, once with each engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from collector.app import create_app
from collector.session import engine_of
from collector.settings import Settings
from tests.collector.a_collector import ADMIN_TOKEN, Collector, register


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Settings of a collector on loopback; a test may replace some."""
    return Settings(database_url=database_url, admin_token=ADMIN_TOKEN)


@pytest.fixture
def collector(settings: Settings) -> Iterator[Collector]:
    """A collector in this process, on each engine."""
    engine = engine_of(settings.database_url)
    with TestClient(create_app(settings, engine=engine), raise_server_exceptions=False) as client:
        fleet_id, tester_id = register(client)
        yield Collector(
            client=client,
            engine=engine,
            database_url=settings.database_url,
            fleet_id=fleet_id,
            tester_id=tester_id,
        )
    engine.dispose()


@contextmanager
def serving_settings(collector: Collector, **changed: Any) -> Iterator[TestClient]:
    """Another collector on the same database, with other settings."""
    settings = replace(Settings(database_url=collector.database_url, admin_token=ADMIN_TOKEN), **changed)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client
