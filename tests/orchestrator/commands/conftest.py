from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orchestrator.commands.a_world import World
from tests.orchestrator.free_port import a_free_port
from tests.orchestrator.served import Served


@pytest.fixture
def world(tmp_path: Path, may_ping: None) -> Iterator[World]:
    made = World(directory=tmp_path, port=a_free_port())
    yield made
    made.clear()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    folder = tmp_path / "served"
    folder.mkdir()
    collector = Served(folder=folder)
    try:
        collector.start()
        yield collector
    finally:
        collector.stop()
