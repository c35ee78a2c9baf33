"""Several processes that share a socket: started, started again, stopped together."""

import os
import pickle
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import structlog

from collector.commands.server import LAST_WORDS_S
from collector.errors import CollectorError
from collector.settings import Settings

AT_ONCE_S = 10.0
"""A process that ends sooner after its start than this has not begun to work."""

MOST_DEATHS = 5
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 30.0
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
WATCHED = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


@dataclass(kw_only=True, slots=True)
class _Place:
    """One of the processes: the one that runs, or when the next is started."""

    number: int
    process: "subprocess.Popen[bytes] | None" = None
    started_s: float = 0.0
    due_s: float = 0.0
    deaths: int = 0


class Processes:
    """Keeps as many processes running as the settings say, until it is told to stop.

    Each gets its settings through a pipe that stays open: when this process is gone, however that
    came about, the pipe ends, and so do they.
    """

    def __init__(self, settings: Settings, *, listener: socket.socket, metrics: Path) -> None:
        self._settings = settings
        self._listener = listener
        self._environment = dict(os.environ) | {METRICS_VARIABLE: str(metrics)}
        self._metrics = metrics
        self._places = [_Place(number=number) for number in range(1, settings.workers + 1)]
        self._log = structlog.get_logger("collector")

    def run(self) -> None:
        """Run until SIGTERM or SIGINT; raise `CollectorError` where processes die again and again."""
        with _signals() as signals:
            try:
                while (told := signals.stop()) is None:
                    self._look_after()
                    signals.wait(self._next_s())
            except BaseException:
                self._stop(signals, signal.SIGTERM)
                raise
            self._stop(signals, told)

    def _look_after(self) -> None:
        now = time.monotonic()
        for place in self._places:
            if place.process is not None and place.process.poll() is not None:
                self._ended(place, now)
            if place.process is None and now >= place.due_s:
                self._start(place, now)

    def _start(self, place: _Place, now: float) -> None:
        descriptor = self._listener.fileno()
        words = ["-m", "collector.commands.one_of_several", str(descriptor), str(place.number)]
        # Our own program and two numbers.
        place.process = subprocess.Popen(  # noqa: S603
            [sys.executable, *words],
            stdin=subprocess.PIPE,
            pass_fds=(descriptor,),
            env=self._environment,
            # Ctrl-C is for all of the terminal's group, and they are told by this process.
            process_group=0,
        )
        place.started_s = now
        assert place.process.stdin is not None
        # A process that is dead already is met in the next round.
        with suppress(BrokenPipeError):
            place.process.stdin.write(pickle.dumps(self._settings))
            place.process.stdin.flush()
        self._log.info("process.started", number=place.number, pid=place.process.pid)

    def _ended(self, place: _Place, now: float) -> None:
        process = self._forget(place)
        at_once = now - place.started_s < AT_ONCE_S
        place.deaths = place.deaths + 1 if at_once else 0
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**place.deaths) if at_once else 0.0
        place.due_s = now + pause_s
        self._log.error(
            "process.ended",
            number=place.number,
            pid=process.pid,
            how=_how(process.returncode),
            again_in_s=pause_s,
        )
        if place.deaths >= MOST_DEATHS:
            raise CollectorError(
                f"process {place.number} ended {MOST_DEATHS} times, each within {AT_ONCE_S:g} s of its start "
                f"({_how(process.returncode)}): the log above says why"
            )

    def _forget(self, place: _Place) -> "subprocess.Popen[bytes]":
        process = place.process
        assert process is not None
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.close()
        place.process = None
        _forget_metrics(process.pid, self._metrics)
        return process

    def _next_s(self) -> float:
        due = [place.due_s for place in self._places if place.process is None]
        return max(0.0, min(due) - time.monotonic()) if due else 60.0

    def _stop(self, signals: "_Signals", told: int) -> None:
        """Have all of them end, and wait; those that do not are killed."""
        # Whoever connects now is refused as soon as the last process has let go of its copy.
        self._listener.close()
        self._send(told)
        end = time.monotonic() + self._settings.stop_deadline_s + LAST_WORDS_S
        while running := self._running():
            left_s = end - time.monotonic()
            if left_s <= 0:
                self._send(signal.SIGKILL)
                for place in running:
                    assert place.process is not None
                    place.process.wait()
                raise CollectorError(
                    f"{len(running)} processes did not end within {self._settings.stop_deadline_s} s "
                    "and were killed; what they had not acknowledged is sent again"
                )
            signals.wait(min(left_s, 1.0))
            # A second Ctrl-C ends what is under way, as it does with one process.
            if (again := signals.stop()) is not None:
                self._send(again)

    def _running(self) -> list[_Place]:
        for place in self._places:
            if place.process is not None and place.process.poll() is not None:
                self._forget(place)
        return [place for place in self._places if place.process is not None]

    def _send(self, number: int) -> None:
        for place in self._places:
            if place.process is not None:
                place.process.send_signal(number)


@contextmanager
def metrics_directory() -> Iterator[Path]:
    """Give a directory where the processes put their counters, for whichever of them is asked."""
    directory = Path(tempfile.mkdtemp(prefix="collector-metrics-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class _Signals:
    """What this process was told, and a wait that ends when it is told something."""

    def __init__(self, ear: socket.socket) -> None:
        self._ear = ear
        self._told: list[int] = []

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """Remember a signal."""
        if number != signal.SIGCHLD:
            self._told.append(number)

    def stop(self) -> int | None:
        """Return the signal that says to stop, None where there was none since the last time."""
        return self._told.pop(0) if self._told else None

    def wait(self, longest_s: float) -> None:
        """Wait for a signal."""
        if select.select([self._ear], [], [], longest_s)[0]:
            self._ear.recv(1_000)


@contextmanager
def _signals() -> Iterator[_Signals]:
    ear, mouth = socket.socketpair()
    with ear, mouth:
        mouth.setblocking(False)
        heard = _Signals(ear)
        before = {number: signal.signal(number, heard.hear) for number in WATCHED}
        woken = signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
        try:
            yield heard
        finally:
            signal.set_wakeup_fd(woken)
            for number, handler in before.items():
                signal.signal(number, handler)


def _forget_metrics(pid: int, directory: Path) -> None:
    """Take what a dead process said of itself out of the sums; what it counted stays."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(pid, path=str(directory))  # type: ignore[no-untyped-call]  # untyped there


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
