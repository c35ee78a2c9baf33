"""What survives a restart: how far each sweep has come."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from tester.whole_file import write_whole
from wire.errors import WireError
from wire.fields import Fields, decode_object, time_text

VERSION = 1
MOST_SWEEPS = 32


class State:
    """The next run of each sweep; `path` None keeps it in memory alone.

    `complain` is called with a sentence where the file cannot be read or written.
    """

    def __init__(self, path: Path | None, *, complain: Callable[[str], None]) -> None:
        self._path = path
        self._complain = complain
        self._sweeps: dict[str, dict[str, Any]] = {}
        self.skipped_count = 0
        if path is not None:
            self._load(path)

    def next_index(self, *, sweep_id: UUID, tester_id: UUID) -> int:
        """Return the number of the next run, from 0."""
        index: int = self._sweeps.get(f"{sweep_id}/{tester_id}", {}).get("next_index", 0)
        return index

    def last_started_at(self, *, sweep_id: UUID, tester_id: UUID) -> datetime | None:
        """Return when the last run of a sweep began, by the wall clock of that time."""
        text = self._sweeps.get(f"{sweep_id}/{tester_id}", {}).get("last_started_at")
        with suppress(ValueError, TypeError):
            last = datetime.fromisoformat(text or "")
            # Without a zone it is no moment; somebody else wrote it.
            return None if last.tzinfo is None else last
        return None

    def advance(
        self, *, sweep_id: UUID, tester_id: UUID, index: int, started_at: datetime, skipped: bool = False
    ) -> None:
        """Note that run `index` needs no making any more; a full disk only keeps it in memory."""
        key = f"{sweep_id}/{tester_id}"
        self._sweeps.pop(key, None)
        self._sweeps[key] = {"next_index": index + 1, "last_started_at": time_text(started_at)}
        self.skipped_count += skipped
        for old in list(self._sweeps)[:-MOST_SWEEPS]:
            del self._sweeps[old]
        if self._path is not None:
            value = {"v": VERSION, "sweeps": self._sweeps, "skipped_count": self.skipped_count}
            try:
                write_whole(self._path, json.dumps(value, indent=1).encode())
            except OSError as error:
                self._complain(f"{self._path} cannot be written: {error.strerror or error}")

    def _load(self, path: Path) -> None:
        try:
            fields = Fields(decode_object(path.read_bytes()))
            fields.version(what="state", known=(VERSION,))
            self.skipped_count = fields.integer("skipped_count", least=0, most=2**62)
            for key in fields.mapping("sweeps"):
                sweep = Fields(fields.mapping("sweeps")[key], path=f"sweeps.{key}")
                self._sweeps[key] = {
                    "next_index": sweep.integer("next_index", least=0, most=2**31),
                    "last_started_at": sweep.text("last_started_at"),
                }
        except FileNotFoundError:
            return
        except (OSError, WireError) as error:
            self._sweeps = {}
            self._complain(f"{path} cannot be used ({error}): the sweep begins again from what is spooled")
