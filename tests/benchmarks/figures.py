"""A measured figure beside its peer's, and the whole-process measuring that both go through."""

import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One figure: ours, a peer's in the same run, their ratio, and the limit that an issue sets."""

    name: str
    unit: str
    ours: float
    peer_name: str
    peer: float
    limit: float | None = None
    """The most that `ours` may be, None where no issue sets one."""
    most_ratio: float | None = None
    """The most that `ours` may be of the peer's."""

    @property
    def missed(self) -> bool:
        """Whether a limit is exceeded, or nobody can say."""
        if self.limit is not None and not self.ours <= self.limit:
            return True
        return self.most_ratio is not None and not self.ours <= self.most_ratio * self.peer

    @property
    def goal(self) -> str:
        """The limits in a few words, empty where there is none."""
        parts = [] if self.limit is None else [f"≤ {self.limit:g} {self.unit}"]
        return " and ".join(parts + ([] if self.most_ratio is None else [f"≤ {self.most_ratio:g} ×"]))

    def text(self) -> str:
        """Return the line as the table shows it."""
        goal = f"  {self.goal} {'MISSED' if self.missed else 'met'}" if self.goal else ""
        ratio = self.ours / self.peer if self.peer else float("nan")
        return (
            f"{self.name:<56} {self.ours:9.1f} {self.unit:<6} {ratio:6.2f} x {self.peer_name} "
            f"({self.peer:.1f} {self.unit}){goal}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the line as JSON has it."""
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": self.ours,
            "peer_name": self.peer_name,
            "peer": self.peer,
            "ratio": self.ours / self.peer if self.peer else None,
            "limit": self.limit,
            "most_ratio": self.most_ratio,
            "goal": self.goal,
            "missed": self.missed,
        }


def cpu_ms_of(command: Sequence[str], *, directory: Path, environment: dict[str, str]) -> float:
    """Return the user and system time of a command and its children, in ms."""
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}: {errors.decode(errors='replace')}")
    return (usage.ru_utime + usage.ru_stime) * 1_000


def paired_cpu_ms(
    ours: Sequence[str],
    peer: Sequence[str],
    *,
    directory: Path,
    environment: dict[str, str] | None = None,
    pairs: int = 7,
) -> tuple[float, float]:
    """Return the median CPU in ms of two commands run in turn, after one pair that is not counted."""
    taken: list[tuple[float, float]] = []
    for _ in range(pairs + 1):
        taken.append(
            (
                cpu_ms_of(ours, directory=directory, environment=environment or {}),
                cpu_ms_of(peer, directory=directory, environment=environment or {}),
            )
        )
    counted = taken[1:]
    return statistics.median(a for a, _ in counted), statistics.median(b for _, b in counted)
