"""The record of a bed: one JSON object a line for everything that happened there."""

import json
import os
import time
from pathlib import Path
from typing import Any

FILE = "record.jsonl"


class Record:
    """Appends events; several processes may write to one record."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def add(self, **facts: Any) -> None:
        """Note an event; `at` becomes the seconds since the epoch."""
        line = json.dumps({"at": round(time.time(), 3), **facts}) + "\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # One write: lines of several processes do not mix.
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def read(self) -> list[dict[str, Any]]:
        """Return all events, oldest first."""
        if not self._path.exists():
            return []
        return [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines()]
