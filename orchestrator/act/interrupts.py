"""What Ctrl-C means: the first time, and the second."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130


class Interrupts:
    """SIGINT and SIGTERM of one command.

    The first one raises `KeyboardInterrupt`, or, while hosts are being made or removed, lets what is
    begun come to its end: `stopping` is set, `first` is its number. The second one leaves at once,
    after saying `farewell`.
    """

    def __init__(self, *, farewell: str) -> None:
        self.stopping = threading.Event()
        self.farewell = farewell
        self.first: int | None = None
        self._count = 0
        self._guards = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Handle the signals within; the handlers of before come back at the end.

        Whoever was interrupted is on the way out then, and one more signal is not to end it halfway.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_IGN if self._count else handler)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Let what stands within come to its end; the interrupt is raised after it."""
        self._guards += 1
        try:
            yield
        finally:
            self._guards -= 1
        if self.stopping.is_set() and self._guards == 0:
            raise KeyboardInterrupt

    @contextmanager
    def clearing_up(self) -> Iterator[None]:
        """Run what a first interrupt demands: a signal that came before does not stop it."""
        self.stopping.clear()
        self._guards += 1
        try:
            yield
        finally:
            self._guards -= 1

    def on_the_way_out(self) -> None:
        """Let a first interrupt stop nothing any more: all is done, and what is open is being closed."""
        self._guards += 1

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's form
        self._count += 1
        self.first = self.first or number
        if self._count > 1:
            # The threads may be in the middle of anything: nobody waits for them any more.
            sys.stderr.write(f"\n{self.farewell}\n")
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        self.stopping.set()
        if self._guards == 0:
            raise KeyboardInterrupt
