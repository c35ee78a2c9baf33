"""Processes of this machine, known by an argument of their command line."""

import os
import time
from contextlib import suppress

import psutil

from orchestrator.places.deadline import Deadline

LOOKS = 5
"""How often the process table is looked at again: a starter may have forked behind our first look."""

PAUSE_S = 0.01

GONE_S = 5.0
"""How long a process that got SIGKILL may take to leave the table."""


def arguments() -> frozenset[str]:
    """Return every argument of every program that runs."""
    return frozenset(argument for process in _others() for argument in _command_line(process))


def with_arguments(*arguments: str) -> list[psutil.Process]:
    """Return the programs that have all of `arguments` in their command line.

    The arguments stand whole, and the program runs a Python module: an editor or a pager that has
    the same file open is no tester.
    """
    return [process for process in _others() if _is_ours(_command_line(process), arguments)]


def stop(*arguments: str, deadline: Deadline, patience_s: float) -> bool:
    """Stop every program with `arguments`: SIGTERM, patience, SIGKILL. Return whether all are gone."""
    for _ in range(LOOKS):
        found = with_arguments(*arguments)
        if not found:
            return True
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        alive = _outlast(found, deadline=deadline.sooner(patience_s))
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        _outlast(alive, deadline=Deadline.after(GONE_S))
    return not with_arguments(*arguments)


def _outlast(processes: list[psutil.Process], *, deadline: Deadline) -> list[psutil.Process]:
    """Wait until the processes are gone, and return those that outlast the deadline.

    A zombie is gone: it does nothing any more, and its parent may take its time.
    """
    alive = [process for process in processes if _lives(process)]
    while alive and not deadline.is_over:
        time.sleep(PAUSE_S)
        alive = [process for process in alive if _lives(process)]
    return alive


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _others() -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if process.pid != os.getpid()]


def _command_line(process: psutil.Process) -> list[str]:
    # A zombie has no command line: it is gone as far as anybody who would signal it is concerned.
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []


def _is_ours(command_line: list[str], arguments: tuple[str, ...]) -> bool:
    return "-m" in command_line and all(argument in command_line for argument in arguments)
