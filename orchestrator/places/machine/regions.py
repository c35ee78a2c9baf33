"""How many hosts are made at once in one region."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.places.deadline import Deadline

LOOK_S = 0.2


class RegionSlots:
    """Lets a few creates into each region at a time, and not all at the same moment.

    The first into a region goes at once: it is one region's API that creates at one moment overload.
    """

    def __init__(self, *, at_once: int, jitter_s: float, chance: random.Random) -> None:
        self._at_once = at_once
        self._jitter_s = jitter_s
        self._chance = chance
        self._lock = threading.Lock()
        self._slots: dict[str, threading.Semaphore] = {}
        self._inside: Counter[str] = Counter()

    @contextmanager
    def one(self, region: str, *, deadline: Deadline, stop: threading.Event) -> Iterator[bool]:
        """Wait for a slot; the value is whether there is one before the deadline or the stop."""
        with self._lock:
            slot = self._slots.setdefault(region, threading.Semaphore(self._at_once))
            self._inside[region] += 1
            jitter_s = self._chance.uniform(0.0, self._jitter_s) if self._inside[region] > 1 else 0.0
        try:
            yield from self._wait(slot, jitter_s, deadline=deadline, stop=stop)
        finally:
            with self._lock:
                self._inside[region] -= 1

    def _wait(
        self, slot: threading.Semaphore, jitter_s: float, *, deadline: Deadline, stop: threading.Event
    ) -> Iterator[bool]:
        while not slot.acquire(timeout=min(LOOK_S, deadline.left_s)):
            if deadline.is_over or stop.is_set():
                yield False
                return
        try:
            yield not stop.wait(min(jitter_s, deadline.left_s)) and not deadline.is_over
        finally:
            slot.release()
