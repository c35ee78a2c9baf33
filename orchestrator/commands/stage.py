"""What every command that acts shares: events to a renderer, answers to stdout, cards at the end."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from orchestrator.errors import OrchestratorError
from orchestrator.events import Answer, Event, Failed, Note, TesterFailed, printable
from orchestrator.settings import Edge
from orchestrator.show.cards import card_lines

ON_INTERRUPT = {
    "sweep": "Ctrl-C saves what was measured and removes the hosts.",
    "down": "Ctrl-C leaves what is not removed yet.",
}
PROGRESS = ("auto", "tty", "plain", "json", "quiet")
PLAIN_WIDTH = 80

F = TypeVar("F", bound=Callable[..., Any])


class Show(Protocol):
    """A renderer."""

    def show(self, event: Event) -> None:
        """Render one event."""

    def close(self) -> None:
        """Give the stream back."""


@dataclass(kw_only=True, slots=True)
class Stage:
    """Where one command shows what happens; events may come from any thread."""

    edge: Edge
    command: str
    is_json: bool
    show: Show
    cards: list[TesterFailed] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def emit(self, event: Event) -> None:
        """Show an event; a tester's failure that was shown already is not shown again."""
        with self._guard:
            if isinstance(event, TesterFailed):
                if any((card.tester, card.what) == (event.tester, event.what) for card in self.cards):
                    return
                self.cards.append(event)
            self.show.show(event)

    def note(self, text: str, *, level: str = "info") -> None:
        """Show a sentence about what is going on; the text may be of others."""
        self.emit(Note(time=self.edge.clock(), text=printable(text), level=level))

    def note_failure(self, what: str, error: OrchestratorError) -> None:
        """Keep a failure for the cards at the end, where its event was shown already."""
        self.cards.append(
            TesterFailed(
                time=self.edge.clock(),
                tester=what,
                what=error.what,
                cause=error.cause,
                next_step=error.next_step,
                code=error.card_code,
            )
        )

    def answer(self, text: str) -> None:
        """Print what the person asked for on stdout; as JSON it stands in the last event instead."""
        if not self.is_json:
            with self._guard:
                self.show.close()
                self.edge.stdout.write(text if text.endswith("\n") else text + "\n")
                self.edge.stdout.flush()

    def tell(self, text: str) -> None:
        """Say something to the person on stderr, whatever the renderer."""
        with self._guard:
            self.show.close()
            self.edge.stderr.write(text + "\n")
            self.edge.stderr.flush()

    def end(self, exit_code: int, *, summary: str = "", data: dict[str, Any] | None = None) -> int:
        """Repeat the failures as cards, show the last event, and return the exit code."""
        self.show.close()
        for card in self.cards:
            what = f"{card.tester}: {card.what}"
            self.edge.stderr.write(
                card_lines(what, cause=card.cause, next_step=card.next_step, code=card.code) + "\n"
            )
        self.emit(
            Answer(
                time=self.edge.clock(),
                command=self.command,
                exit_code=exit_code,
                summary=summary,
                data=data or {},
            )
        )
        self.show.close()
        return exit_code

    @property
    def width(self) -> int:
        """Columns that an answer may take."""
        return (
            shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns if self.edge.stdout.isatty() else PLAIN_WIDTH
        )

    @property
    def color(self) -> bool:
        """Whether an answer may have colours."""
        return self.edge.settings.color and self.edge.stdout.isatty()


@contextmanager
def stage(edge: Edge, *, command: str, progress: str) -> Iterator[Stage]:
    """Open the stage of a command; what ends the command is shown as its last event."""
    kind = progress
    if kind == "auto":
        kind = "tty" if edge.stderr.isatty() else "plain"
    opened = Stage(
        edge=edge, command=command, is_json=kind == "json", show=_renderer(kind, edge=edge, command=command)
    )
    try:
        yield opened
    except OrchestratorError as error:
        # Everybody else reads the card that `main` prints.
        if opened.is_json:
            opened.emit(
                Failed(
                    time=edge.clock(),
                    what=error.what,
                    exit_code=error.exit_code,
                    cause=error.cause,
                    next_step=error.next_step,
                    code=error.card_code,
                )
            )
        raise
    finally:
        opened.show.close()


def _renderer(kind: str, *, edge: Edge, command: str) -> Show:
    if kind == "json":
        from orchestrator.show.json_lines import JsonShow

        return JsonShow(edge.stdout)
    if kind == "tty":
        from orchestrator.show.tty import TtyShow

        return TtyShow(
            edge.stderr,
            color=edge.settings.color,
            on_interrupt=ON_INTERRUPT.get(command, "Ctrl-C stops watching, not the hosts."),
        )
    if kind == "quiet":
        from orchestrator.show.quiet import QuietShow

        return QuietShow(edge.stderr)
    from orchestrator.show.plain import PlainShow

    return PlainShow(edge.stderr)
