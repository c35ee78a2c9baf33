"""What was computed a moment ago, and would come out the same."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

KEPT_S = 60.0
MOST_KEPT = 32


class Kept:
    """A few answers to dear questions about the past, each for a minute; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Hashable, tuple[float, Any]] = {}

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what is kept under a key, else what `compute` gives."""
        now = time.monotonic()
        with self._lock:
            found = self._known.get(key)
        if found is not None and now - found[0] < KEPT_S:
            kept: T = found[1]
            return kept
        made = compute()
        with self._lock:
            self._known.pop(key, None)
            self._known = {name: kept for name, kept in self._known.items() if now - kept[0] < KEPT_S}
            self._known[key] = (now, made)
            while len(self._known) > MOST_KEPT:
                # The oldest, as a dictionary keeps its order.
                del self._known[next(iter(self._known))]
        return made
