import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orchestrator.commands.a_world import World


@pytest.fixture
def world(tmp_path: Path, may_ping: None) -> Iterator[World]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = World(directory=tmp_path, port=port)
    yield made
    made.clear()
