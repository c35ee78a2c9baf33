"""The stack of this checkout, up and ready: one for all tests of compose.yaml."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.bed.lacking import Lacking
from tests.end_to_end.compose.stack import Stack, a_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack, up and ready."""
    try:
        found = a_stack(tmp_path_factory.mktemp("compose"))
    except Lacking as lacking:
        pytest.skip(str(lacking))
    try:
        found.compose("up", "-d", "--wait", "collector")
        yield found
    finally:
        found.remove()
