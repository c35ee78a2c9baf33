"""Processes that leave the pingers little CPU."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

BUSY = "while True: pass"


@contextmanager
def hogs(count: int) -> Iterator[None]:
    """Have `count` processes want a CPU all the time."""
    made = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in made:
            process.kill()
            process.wait()
