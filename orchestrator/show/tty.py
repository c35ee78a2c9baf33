"""Events on a terminal: a live table of testers, and what stays above it."""

import time
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from orchestrator.events import (
    Answer,
    Checked,
    Event,
    Failed,
    HostMoved,
    HostStep,
    Note,
    Progress,
    RunMoved,
    SweepFinished,
    TesterProgress,
    TesterPulse,
    printable,
)
from orchestrator.show.cards import card_lines
from orchestrator.show.plain import duration, line_of, progress_line

STYLES = {
    "done": "green",
    "failed": "red",
    "dead": "red",
    "late": "yellow",
    "pinging": "cyan",
    "waiting": "dim",
}
REFRESH_HZ = 2
LONGEST_STATE = 8
STEPPING = ("creating", "starting", "removing", "draining")
"""States in which something is being done to a host that takes its time."""

RUNS_WIDTH = 9
BESIDES_TESTERS = 3
"""Lines that the live view needs besides the testers."""


class TtyShow:
    """Draws on stderr while events come in; what stays at the end are the lines above the picture.

    `on_interrupt` says what Ctrl-C would do to the command that is shown.
    """

    def __init__(self, stream: TextIO, *, color: bool, on_interrupt: str) -> None:
        self._console = Console(file=stream, no_color=not color, highlight=False, soft_wrap=True)
        self._on_interrupt = on_interrupt
        self._live: Live | None = None
        self._progress: Progress | None = None
        self._states: dict[str, str] = {}
        self._steps: dict[str, tuple[str, float]] = {}
        self._is_over = False

    def show(self, event: Event) -> None:
        """Draw one event."""
        match event:
            case Progress():
                self._progress = event
                self._draw()
            case HostMoved():
                self._states[event.tester] = event.state
                self._steps.pop(event.tester, None)
                self._draw()
            case HostStep():
                self._steps[event.tester] = (event.text, time.monotonic())
                self._draw()
            case RunMoved():
                pass
            case TesterPulse():
                self._print(line_of(event), STYLES.get(event.state, ""))
            case Checked(state="ok"):
                pass
            case SweepFinished():
                # What is still to come, removals, has lines of its own.
                self.close()
                self._progress = None
                self._is_over = True
                self._print(line_of(event), "")
            case Failed():
                self.close()
                self._print(
                    card_lines(event.what, cause=event.cause, next_step=event.next_step, code=event.code),
                    "red",
                )
            case Note():
                self._print(line_of(event), {"warning": "yellow", "error": "red"}.get(event.level, ""))
            case Answer():
                self.close()
                self._print(line_of(event), "")
            case _:
                self._print(line_of(event), "")

    def close(self) -> None:
        """Stop drawing and give the terminal back."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _print(self, text: str, style: str) -> None:
        if text:
            self._console.print(Text(text, style=style))

    def _draw(self) -> None:
        if self._is_over:
            return
        if self._live is None:
            # It draws itself anew, so that the time of a long step is seen to pass.
            self._live = Live(
                console=self._console,
                get_renderable=self._picture,
                refresh_per_second=REFRESH_HZ,
                transient=True,
            )
            self._live.start()
        self._live.refresh()

    def _picture(self) -> Group:
        table = Table.grid(padding=(0, 2))
        # Where there is little room, the name gives way: it is known, its state is news.
        table.add_column(no_wrap=True, overflow="ellipsis")
        for width in (LONGEST_STATE, RUNS_WIDTH):
            table.add_column(no_wrap=True, min_width=width)
        table.add_column(no_wrap=True, overflow="ellipsis")
        testers = self._testers()
        room = max(1, self._console.size.height - BESIDES_TESTERS)
        for tester in testers[:room]:
            table.add_row(
                Text(f"  {printable(tester.tester)}"),
                Text(printable(tester.state), style=STYLES.get(tester.state, "")),
                Text(_runs(tester)),
                Text(printable(self._note(tester)), style="dim"),
            )
        lines: list[Table | Text] = [table]
        if len(testers) > room:
            lines.append(Text(f"  and {len(testers) - room} more", style="dim"))
        if self._progress is not None:
            lines.append(Text(f"  {progress_line(self._progress)}. {self._on_interrupt}", style="dim"))
        return Group(*lines)

    def _note(self, tester: TesterProgress) -> str:
        """Return what is being done to a tester's host, and since when."""
        step = self._steps.get(tester.tester)
        if step is None or tester.state not in STEPPING:
            return tester.note
        text, since = step
        elapsed_s = time.monotonic() - since
        return f"{text} ({duration(elapsed_s)})" if elapsed_s >= 1 else text

    def _testers(self) -> list[TesterProgress]:
        if self._progress is not None:
            return list(self._progress.testers)
        return [
            TesterProgress(tester=name, state=state, done=0, of=None)
            for name, state in list(self._states.items())
        ]


def _runs(tester: TesterProgress) -> str:
    if tester.of is None:
        return f"{tester.done} runs" if tester.done else ""
    return f"{tester.done}/{tester.of} runs"
