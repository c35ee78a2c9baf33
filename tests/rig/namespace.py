"""A network namespace without a name: it ends with the last who uses it, whatever happens to us."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000


class Namespace:
    """A network of its own, that a thread can step into."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        with self._back_again():
            if self._libc.unshare(CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            self.descriptor = _here()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be in it with this thread, and with all that is started meanwhile."""
        with self._back_again():
            self._enter(self.descriptor)
            yield

    def close(self) -> None:
        """Let go of it."""
        os.close(self.descriptor)

    @contextmanager
    def _back_again(self) -> Iterator[None]:
        outside = _here()
        try:
            yield
        finally:
            self._enter(outside)
            os.close(outside)

    def _enter(self, descriptor: int) -> None:
        if self._libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _here() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
