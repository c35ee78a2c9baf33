"""Fixtures: one bed for all tests of a worker."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.bed.lacking import Lacking


@pytest.fixture(scope="session")
def one_bed() -> Iterator[Bed]:
    """A bed that stands until the tests are over; skipped where this machine cannot hold one."""
    try:
        bed = Bed.up()
    except Lacking as lacking:
        pytest.skip(str(lacking))
    try:
        yield bed
    finally:
        bed.down()


@pytest.fixture
def bed(one_bed: Bed) -> Iterator[Bed]:
    """The bed, without a fault; what a test leaves in its account is ended afterwards."""
    one_bed.clear()
    yield one_bed
    one_bed.clear()
    one_bed.empty()
