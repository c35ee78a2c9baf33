import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orchestrator.commands.a_world import World
from tests.orchestrator.commands.served import Served, a_free_port


@pytest.fixture
def world(tmp_path: Path, may_ping: None) -> Iterator[World]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = World(directory=tmp_path, port=port)
    yield made
    made.clear()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    folder = tmp_path / "served"
    folder.mkdir()
    collector = Served(folder=folder, port=a_free_port())
    collector.start()
    yield collector
    collector.stop()
