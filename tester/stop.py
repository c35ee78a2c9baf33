"""The wish that the tester should end."""

import os
import select


class Stop:
    """Can be asked for from a signal handler, and waited for beside sockets.

    The pipe is what makes a wait end at once: a flag alone would be seen only after it.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self.requested = False
        self.interrupted = False

    def request(self, *, interrupted: bool = False) -> None:
        """Ask everything to end; `interrupted` says that a person did it."""
        first = not self.requested
        self.requested = True
        self.interrupted = self.interrupted or interrupted
        if first:
            os.write(self._write, b"x")

    def fileno(self) -> int:
        """Return a descriptor that is readable once a stop was asked for."""
        return self._read

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` for the wish; return whether it has come."""
        if not self.requested and seconds > 0:
            select.select([self._read], [], [], seconds)
        return self.requested

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._read)
        os.close(self._write)
