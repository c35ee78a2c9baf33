"""A `docker-machine create` that a former orchestrator left running."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

from orchestrator.places.deadline import Deadline
from orchestrator.places.shell import kill_session

PAUSE_S = 0.2
GONE_S = 5.0


def creating(name: str) -> list[int]:
    """Return the pids of those programs that create the machine of that name now."""
    return [process.pid for process in psutil.process_iter() if _creates(process, name)]


def await_create(
    name: str, *, may_kill: Callable[[], bool], deadline: Deadline, stop: threading.Event | None = None
) -> bool:
    """Wait for such a program to end, and return whether it had to be killed in doubt.

    It is killed as soon as `may_kill` says that nothing is lost by that; past the deadline, or once
    `stop` is set, it is killed although something may be.
    """
    while pids := creating(name):
        in_doubt = not may_kill()
        if not in_doubt or deadline.is_over or (stop is not None and stop.is_set()):
            for pid in pids:
                _kill(pid)
            _await_gone(name)
            return in_doubt
        time.sleep(min(PAUSE_S, deadline.left_s))
    return False


def _kill(pid: int) -> None:
    # It leads a session of its own when one of ours started it; another's session is not ours to end.
    with suppress(ProcessLookupError, psutil.NoSuchProcess):
        if os.getsid(pid) == pid:
            kill_session(pid)
        else:
            psutil.Process(pid).kill()


def _await_gone(name: str) -> None:
    end = Deadline.after(GONE_S)
    while creating(name) and not end.is_over:
        time.sleep(PAUSE_S / 10)


def _creates(process: psutil.Process, name: str) -> bool:
    # A zombie has no command line. The words stand whole, and where docker-machine has them: its
    # own name comes first, an interpreter before it if it is a script.
    try:
        words = process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    return len(words) > 2 and words[-1] == name and "create" in words[1:3]
