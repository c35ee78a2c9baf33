"""One command, with what it used."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.ping.contenders import Contender, Work

ROOT = Path(__file__).resolve().parents[3]
SLACK_S = 60.0
SLOWEST_PROBE_S = 0.001


class Overdue(Exception):
    """A contender did not end in time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """User and system time in µs, peak memory in MB (2^20 bytes), and the time from start to end in s."""

    cpu_us: int
    memory_mb: float
    elapsed_s: float


def run(contender: Contender, work: Work, *, usage: Path) -> Usage:
    """Have a contender ping; `usage` is the program that measures it. Raise `Overdue`."""
    for name in ("positions", "used"):
        work.path(name).unlink(missing_ok=True)
    work.path("addresses").write_text("\n".join(work.addresses) + "\n", encoding="ascii")
    code = _wait([str(usage), str(work.path("used")), *contender.command(work)], work)
    used = [int(word) for word in work.path("used").read_text(encoding="ascii").split()]
    user_us, system_us, memory_kib, elapsed_us, ended = used
    if code != 0 or ended not in (0, 1):  # fping ends with 1 where anything was lost
        stderr = work.path("stderr").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"{contender.name} ended with {ended}: {stderr[-2_000:]}")
    return Usage(cpu_us=user_us + system_us, memory_mb=memory_kib / 1024, elapsed_s=elapsed_us / 1e6)


def _wait(command: list[str], work: Work) -> int:
    """Run a command; whoever overruns is stopped with its children."""
    most_s = work.count * work.interval_s + work.probes * SLOWEST_PROBE_S + work.timeout_s + SLACK_S
    with work.path("stdout").open("wb") as stdout, work.path("stderr").open("wb") as stderr:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            return process.wait(most_s)
        except subprocess.TimeoutExpired:
            raise Overdue(f"{' '.join(command)} took more than {most_s:.0f} s") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
