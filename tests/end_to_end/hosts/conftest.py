"""A fleet in a bed: a fleet file, a state directory, and `orchestrate` run inside."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet

PORTS = count(9_100)


@pytest.fixture
def cloud(bed: Bed, tmp_path: Path) -> Iterator[CloudFleet]:
    """A fleet of this test alone; whatever it has left is stopped afterwards."""
    fleet = CloudFleet(bed=bed, folder=tmp_path, port=next(PORTS))
    yield fleet
    fleet.clear()
