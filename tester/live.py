"""What a run has found so far, redrawn in place while it goes on."""

import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TextIO, runtime_checkable

from tester.engine.engine import Engine
from tester.resolve import Row
from tester.table import table_lines
from wire.job import ProbePlan

EVERY_S = 0.25
MOST_ROWS = 200
"""With more rows only the sums are drawn: figures of thousands would take the time of the probing."""
UP, CLEAR = "\x1b[{}F", "\x1b[J"


@runtime_checkable
class Observable(Protocol):
    """An engine that can be looked at from another thread without being disturbed.

    Whoever takes the moments of sending and receiving from the kernel can: nothing that we do meanwhile
    gets into an RTT.
    """

    def sums(self) -> tuple[int, int]:
        """Return how many probes have left, and how many were answered."""

    def so_far(self, row: int) -> list[int]:
        """Return the positions of an address; what is on its way is not sent yet."""


class LiveTable:
    """Draws on a terminal; what was drawn is gone again at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn = 0

    @contextmanager
    def during(self, engine: Engine, rows: Sequence[Row], plan: ProbePlan) -> Iterator[None]:
        """Draw from another thread for as long as the engine probes, if it can be looked at."""
        if not isinstance(engine, Observable):
            yield
            return
        ending = threading.Event()
        drawer = threading.Thread(target=self._draw_on, args=(engine, rows, plan, ending), daemon=True)
        drawer.start()
        try:
            yield
        finally:
            ending.set()
            drawer.join()
            self._draw([])

    def _draw_on(
        self, engine: Observable, rows: Sequence[Row], plan: ProbePlan, ending: threading.Event
    ) -> None:
        while not ending.wait(EVERY_S):
            try:
                self._draw(self._lines(engine, rows, plan))
            except OSError:
                # Nobody looks any more.
                return

    def _lines(self, engine: Observable, rows: Sequence[Row], plan: ProbePlan) -> list[str]:
        sent, answered = engine.sums()
        addressed = [row for row in rows if row.address is not None]
        last = f"{sent:,} of {len(addressed) * plan.count:,} probes sent, {answered:,} answered"
        if len(addressed) > MOST_ROWS:
            return [last]
        entries = [
            (row.server.name, row.address.text, engine.so_far(number))
            for number, row in enumerate(addressed)
            if row.address is not None
        ]
        room = shutil.get_terminal_size().lines - 4
        if len(entries) > room:
            entries.sort(key=lambda entry: _badness(entry[2]), reverse=True)
            last = f"the worst {room} of {len(entries)} · {last}"
        return [*table_lines([(*entry, True) for entry in entries[:room]]), last]

    def _draw(self, lines: list[str]) -> None:
        width = shutil.get_terminal_size().columns
        text = UP.format(self._drawn) + CLEAR if self._drawn else ""
        self._stream.write(text + "".join(f"{line[: width - 1]}\n" for line in lines))
        self._stream.flush()
        self._drawn = len(lines)


def can_redraw(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that knows how to go back."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _badness(positions: list[int]) -> tuple[float, int]:
    sent = [position for position in positions if position >= -2]
    answers = sorted(position for position in sent if position >= 0)
    lost = 1 - len(answers) / len(sent) if sent else 0.0
    return (lost, answers[len(answers) // 2] if answers else 0)
