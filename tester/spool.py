"""Reports on disk until the collector has them."""

import fcntl
import gzip
import json
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from tester.errors import CorruptReport, SpoolFailed, SpoolInUse, UsageError
from tester.whole_file import write_whole
from wire.fields import time_text

SUFFIX = ".json.gz"
REASON_SUFFIX = ".reason.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spooled:
    """A report on disk; `started` and the run's id are its file's name."""

    run_id: UUID
    path: Path
    size_bytes: int


class Spool:
    """A directory with one writer.

    `reports/` holds what waits, `rejected/` what the collector will never accept, each with a
    reason beside it. A file appears under its name only when it is whole and on the disk.
    """

    def __init__(self, directory: Path, *, limit_bytes: int) -> None:
        self.directory = directory
        self.reports = directory / "reports"
        self.rejected = directory / "rejected"
        self.limit_bytes = limit_bytes
        try:
            for each in (directory, self.reports, self.rejected):
                each.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = self._locked()
        except OSError as error:
            raise UsageError(f"the spool {directory} cannot be used: {error.strerror or error}") from None
        for half in (*self.reports.glob("*.tmp"), *self.rejected.glob("*.tmp"), *directory.glob("*.tmp")):
            # A tester that was killed in the middle of writing left it; nobody was told of it.
            with suppress(OSError):
                half.unlink()

    def waiting(self) -> list[Spooled]:
        """Return the reports that wait, the oldest first."""
        found: list[Spooled] = []
        for path in sorted(self.reports.glob("*" + SUFFIX)):
            run_id = _run_id_in(path)
            with suppress(OSError):
                if run_id is None:
                    self.reject(path, reason={"error": "name", "message": "not the name of a report"})
                elif path.is_symlink() or not path.is_file():
                    # A pipe would be waited for without end.
                    self.reject(path, reason={"error": "kind", "message": "not a file"})
                else:
                    found.append(Spooled(run_id=run_id, path=path, size_bytes=path.stat().st_size))
        return found

    def rejected_count(self) -> int:
        """Return how many reports the collector will never accept."""
        return sum(1 for _ in self.rejected.glob("*" + SUFFIX))

    def used_bytes(self) -> int:
        """Return the bytes of everything kept, rejected reports too."""
        return sum(size for _path, size in self._sizes())

    def is_full(self) -> bool:
        """Return whether the limit is reached, so that no new run should begin."""
        return self.used_bytes() >= self.limit_bytes

    def add(self, body: bytes, *, run_id: UUID, started_at: datetime) -> Spooled:
        """Keep the uncompressed body of a report; raise `SpoolFailed`, having left nothing behind."""
        name = f"{started_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{run_id}{SUFFIX}"
        packed = gzip.compress(body, compresslevel=6, mtime=0)
        path = self.reports / name
        try:
            # Somebody may have cleared the directory away.
            self.reports.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, packed)
        except OSError as error:
            raise SpoolFailed(reason=error.strerror or str(error)) from None
        return Spooled(run_id=run_id, path=path, size_bytes=len(packed))

    def read(self, report: Spooled) -> tuple[bytes, bytes]:
        """Return a report as it lies there and uncompressed; raise `CorruptReport` or OSError."""
        packed = report.path.read_bytes()
        if not packed:
            # A power cut can leave a name without content on some file systems; gzip finds no fault with it.
            raise CorruptReport(f"{report.path.name} is damaged: it is empty")
        try:
            return packed, gzip.decompress(packed)
        except (OSError, EOFError, zlib.error) as error:
            raise CorruptReport(f"{report.path.name} is damaged: {error}") from None

    def remove(self, report: Spooled) -> None:
        """Forget a report that the collector has."""
        report.path.unlink(missing_ok=True)

    def reject(self, path: Path, *, reason: dict[str, Any]) -> Path:
        """Put a report aside with the reason; raise OSError where not even that can be done."""
        target = self.rejected / path.name
        told = json.dumps({"at": time_text(datetime.now(UTC))} | reason, indent=1).encode()
        # A full disk may keep the reason out, and must not keep the report in the way.
        with suppress(OSError):
            write_whole(target.with_name(target.name.removesuffix(SUFFIX) + REASON_SUFFIX), told)
        path.replace(target)
        return target

    def close(self) -> None:
        """Let another tester use the spool."""
        os.close(self._lock)

    def _sizes(self) -> Iterator[tuple[Path, int]]:
        for directory in (self.reports, self.rejected):
            # What is gone takes no room.
            with suppress(OSError), os.scandir(directory) as entries:
                for entry in entries:
                    with suppress(OSError):
                        yield Path(entry.path), entry.stat().st_size

    def _locked(self) -> int:
        path = self.directory / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise SpoolInUse(
                f"the spool {self.directory} is in use by another tester (process {holder or 'unknown'}): "
                "wait for its end, or choose another with --spool"
            ) from None
        # The number is for a person; a full disk may keep it out.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return descriptor


def _run_id_in(path: Path) -> UUID | None:
    try:
        return UUID(path.name.removesuffix(SUFFIX)[-36:])
    except ValueError:
        return None
