"""Several fleets in one bed, each as if it were alone there."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from tests.end_to_end.hosts.cloud_fleet import CloudFleet

AT_ONCE = 4
"""Hosts are made at once; more of them only wait for each other on two cores."""

FIRST_PORT = 10_000
PORTS_EACH = 50
T = TypeVar("T")


@contextmanager
def several(cloud: CloudFleet, *, count: int) -> Iterator[list[CloudFleet]]:
    """Yield fleets with names, directories and ports of their own; they are cleared afterwards."""
    first = FIRST_PORT + cloud.port % 1_000 * PORTS_EACH
    fleets = []
    for index in range(count):
        folder = cloud.folder / f"fleet-{index}"
        folder.mkdir()
        fleets.append(CloudFleet(bed=cloud.bed, folder=folder, port=first + index, name=f"mill{index}"))
    try:
        yield fleets
    finally:
        for fleet in fleets:
            fleet.clear()


def all_at_once(
    fleets: Sequence[CloudFleet], task: Callable[[int, CloudFleet], T], *, at_once: int = AT_ONCE
) -> list[T]:
    """Do the same with each fleet and its index, some of them at a time; return what came of each."""
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        return list(pool.map(task, range(len(fleets)), fleets))
