"""Events as NDJSON on stdout: each line is one object with `"v": 1`."""

import json
from typing import TextIO

from orchestrator.events import Event


class JsonShow:
    """Writes each event as one line of JSON; ASCII, so that no stream and no reader can break it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, event: Event) -> None:
        """Write one event."""
        self._stream.write(json.dumps(event.to_dict(), separators=(",", ":"), default=str) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Leave nothing half written."""
        self._stream.flush()
