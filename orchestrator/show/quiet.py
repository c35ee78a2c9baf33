"""Events for who wants none: failures only."""

from typing import TextIO

from orchestrator.events import Event, Note
from orchestrator.show.plain import line_of


class QuietShow:
    """Writes errors and nothing else; the summary's cards come from the command itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, event: Event) -> None:
        """Write an event if a person must act on it."""
        if isinstance(event, Note) and event.level == "error":
            self._stream.write(line_of(event) + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Leave nothing half written."""
        self._stream.flush()
