"""Builds the rig once for all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tester.stop import Stop
from tests.rig.rig import SOURCE, Rig, build, reason_against


@pytest.fixture(scope="session")
def responder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reason = reason_against()
    if reason is not None:
        pytest.skip(reason)
    return build(SOURCE, into=tmp_path_factory.mktemp("responder"))


@pytest.fixture(scope="session")
def rig(responder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    made = Rig(responder, directory=tmp_path_factory.mktemp("rig"))
    yield made
    made.close()


@pytest.fixture
def stop() -> Iterator[Stop]:
    made = Stop()
    yield made
    made.close()
