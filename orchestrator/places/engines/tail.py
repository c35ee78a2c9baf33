"""The lines that somebody else adds to a file."""

from collections.abc import Callable
from pathlib import Path

OUTPUT_BYTES = 1_048_576
"""How much of what a followed program wrote comes back: its end."""


class Tail:
    """The lines that are added to a file, each told once when it is whole."""

    def __init__(self, path: Path, *, offset: int = 0, on_line: Callable[[str], None] | None = None) -> None:
        self._path = path
        self._begin = offset
        self._offset = offset
        self._rest = b""
        self._on_line = on_line

    def read(self) -> None:
        """Tell what was added since."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            added = file.read()
        self._offset += len(added)
        *lines, self._rest = (self._rest + added).split(b"\n")
        for line in lines:
            self._tell(line)

    def finish(self) -> str:
        """Tell the rest, and return the end of what was added in all."""
        self.read()
        if self._rest:
            self._tell(self._rest)
            self._rest = b""
        with self._path.open("rb") as file:
            file.seek(max(self._begin, self._offset - OUTPUT_BYTES))
            return file.read(OUTPUT_BYTES).decode(errors="replace")

    def _tell(self, line: bytes) -> None:
        if self._on_line is not None:
            self._on_line(line.decode(errors="replace").rstrip("\r"))
