"""What was fetched of a host's spool, on this machine."""

import json
import re
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast
from uuid import UUID

from orchestrator.errors import OrchestratorError
from orchestrator.places.files import write_whole
from orchestrator.places.place import SpoolCount

REPORT = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json\.gz")
REASON_SUFFIX = ".reason.json"
STATE = "state.json"
MOST_FILE_BYTES = 256 * 2**20
MOST_BYTES = 2**31
"""A host that sends more than this is no tester of ours: its spool ends at half of it."""


class SpoolUnreadable(OrchestratorError):
    """What a host sent is not a spool."""

    card_code = "spool-unreadable"


class SpoolMirror:
    """A copy of a spool in `directory`; reports that were delivered are noted in the file `dropped`.

    A report never changes once it has its name, so that none is fetched twice. What comes from a
    host is believed to be bytes, and nothing more: its names and sizes are looked at.
    """

    def __init__(self, directory: Path, *, dropped: Path) -> None:
        self.directory = directory
        self._dropped_path = dropped

    def take(self, chunks: Iterator[bytes]) -> None:
        """Bring the mirror to what a tar of the whole spool says; raise `SpoolUnreadable`."""
        for name in ("reports", "rejected"):
            (self.directory / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        dropped = self.dropped()
        seen: set[Path] = set()
        try:
            with tarfile.open(fileobj=cast("BinaryIO", _Reader(chunks)), mode="r|") as tar:
                for member in tar:
                    path = self._path(member)
                    if path is None or path.name in dropped:
                        continue
                    seen.add(path)
                    if path.name == STATE or not path.exists() or path.stat().st_size != member.size:
                        source = tar.extractfile(member)
                        assert source is not None
                        write_whole(path, source.read())
        except tarfile.TarError as error:
            raise SpoolUnreadable(f"what a host sent is no spool: {error}") from None
        for path in set(self._files()) - seen:
            path.unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Return the names of the reports that wait, oldest first."""
        return sorted(path.name for path in (self.directory / "reports").glob("*.json.gz"))

    def count(self) -> SpoolCount:
        """Count what is here."""
        rejected = sum(1 for _ in (self.directory / "rejected").glob("*.json.gz"))
        return SpoolCount(waiting=len(self.names()), rejected=rejected)

    def read(self, name: str) -> bytes:
        """Return a report; raise FileNotFoundError."""
        return self._report(name).read_bytes()

    def drop(self, name: str) -> None:
        """Forget a report, and note that the host need not keep it either."""
        path = self._report(name)
        self._note(self.dropped() | {name})
        path.unlink(missing_ok=True)

    def dropped(self) -> frozenset[str]:
        """Return the reports that the host may still hold although they were delivered."""
        try:
            names = json.loads(self._dropped_path.read_bytes())["names"]
        except (OSError, ValueError, KeyError, TypeError):
            # A note that is lost costs a second delivery of the same report, which changes nothing.
            return frozenset()
        return frozenset(str(name) for name in names)

    def deleted(self, names: Iterable[str]) -> None:
        """Note that the host no longer holds some reports."""
        self._note(self.dropped() - set(names))

    def runs_made(self, *, sweep_id: UUID, tester_id: UUID) -> int:
        """Read the tester's own note of how far it is, 0 where there is none."""
        try:
            note: Any = json.loads((self.directory / STATE).read_bytes())
            return int(note["sweeps"][f"{sweep_id}/{tester_id}"]["next_index"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _path(self, member: tarfile.TarInfo) -> Path | None:
        """Return where a member belongs, None for what is no part of a spool."""
        if not member.isreg() or member.size > MOST_FILE_BYTES:
            return None
        match PurePosixPath(member.name).parts:
            case ("spool", "state.json"):
                return self.directory / STATE
            case ("spool", "reports", name) if REPORT.fullmatch(name):
                return self.directory / "reports" / name
            case ("spool", "rejected", name) if REPORT.fullmatch(name.replace(REASON_SUFFIX, ".json.gz")):
                return self.directory / "rejected" / name
            case _:
                return None

    def _report(self, name: str) -> Path:
        if not REPORT.fullmatch(name):
            raise FileNotFoundError(name)
        return self.directory / "reports" / name

    def _files(self) -> Iterator[Path]:
        for name in ("reports", "rejected"):
            yield from (self.directory / name).glob("*.json*")

    def _note(self, names: Iterable[str]) -> None:
        self._dropped_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self._dropped_path, json.dumps({"v": 1, "names": sorted(names)}).encode())


class _Reader:
    """Chunks as a file that is read from its beginning to its end."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""
        self._total = 0

    def read(self, size: int) -> bytes:
        parts, missing = [self._rest[:size]], size - len(self._rest)
        self._rest = self._rest[size:]
        while missing > 0:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._total += len(chunk)
            if self._total > MOST_BYTES:
                raise SpoolUnreadable("a host sends more than a spool may hold")
            parts.append(chunk[:missing])
            self._rest = chunk[missing:]
            missing -= len(parts[-1])
        return b"".join(parts)
