"""What processes cost, from /proc."""

import os
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(*roots: int) -> float:
    """Return the user and system time of processes and their children, also of those that ended."""
    wanted, ticks = set(roots), 0
    parents = _parents()
    found: set[int] = set()
    while wanted:
        found |= wanted
        wanted = {pid for pid, parent in parents.items() if parent in wanted} - found
    for pid in found:
        try:
            fields = _stat(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
        # utime, stime, and those of children that were waited for (proc(5)).
        ticks += sum(int(field) for field in fields[11:15])
    return ticks * TICK_S


def _parents() -> dict[int, int]:
    found: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                found[int(entry.name)] = int(_stat(int(entry.name))[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def _stat(pid: int) -> list[str]:
    """Return the fields behind the name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
