"""The wish that something should end, which a signal handler may express."""

from contextlib import suppress
from queue import Empty, SimpleQueue


class StopWish:
    """As an event that is set once; no lock is held in a wait, which a handler would then wait for."""

    def __init__(self) -> None:
        self._is_set = False
        self._wake: SimpleQueue[None] = SimpleQueue()

    def is_set(self) -> bool:
        """Return whether it was wished."""
        return self._is_set

    def set(self) -> None:
        """Wish it, from a thread or a signal handler: the queue can be put into within its own wait."""
        self._is_set = True
        self._wake.put(None)

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` for the wish; return whether it has come."""
        if not self._is_set:
            with suppress(Empty):
                self._wake.get(timeout=max(0.0, seconds))
        return self._is_set
