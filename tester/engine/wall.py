"""Steps of the wall clock, which the kernel's stamps are taken from."""

import time

LEAST_STEP_NS = 200_000
"""Less is slewing, or the noise of reading two clocks."""
_CLOSE_NS = 20_000
_TRIES = 5


class Wall:
    """Tells a step from the wall clock's usual pace, so that no RTT is torn by it.

    `stepped_ns` is the sum of all steps: a stamp less that sum lies on one unbroken line.
    """

    def __init__(self) -> None:
        self.stepped_ns = 0
        self._seen_ns, self._offset_ns = self._read()

    def look(self) -> int:
        """Return by how much the wall clock was set since the last look, mostly 0."""
        seen_ns, offset_ns = self._read()
        step_ns = offset_ns - self._offset_ns
        # NTP slews by 500 ppm at most.
        allowed_ns = LEAST_STEP_NS + (seen_ns - self._seen_ns) // 1_000
        self._seen_ns, self._offset_ns = seen_ns, offset_ns
        if abs(step_ns) <= allowed_ns:
            return 0
        self.stepped_ns += step_ns
        return step_ns

    def now_ns(self) -> int:
        """Return the wall time on the unbroken line."""
        return time.time_ns() - self.stepped_ns

    @staticmethod
    def _read() -> tuple[int, int]:
        """Return the monotonic time and the wall clock's distance from it, read close together."""
        best = (1 << 62, 0, 0)
        for _ in range(_TRIES):
            before = time.monotonic_ns()
            wall = time.time_ns()
            width = time.monotonic_ns() - before
            if width < best[0]:
                best = (width, before, wall - before - width // 2)
            if width < _CLOSE_NS:
                break
        return best[1], best[2]
