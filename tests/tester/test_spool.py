"""The spool on real disks, full ones too."""

import gzip
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tester.errors import CorruptReport, SpoolFailed, SpoolInUse
from tester.outbox import Held, Outbox
from tester.spool import Spool
from tester.whole_file import write_whole
from wire.job import Job

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool", limit_bytes=2**20)
    yield made
    made.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 128 KiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"this machine mounts no tmpfs: {mounted.stderr.decode()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_what_was_added_is_read_back_oldest_first(spool: Spool) -> None:
    ids = [uuid4() for _ in range(3)]
    for number in (2, 0, 1):
        spool.add(b"body %d" % number, run_id=ids[number], started_at=NOON.replace(minute=number))

    assert [report.run_id for report in spool.waiting()] == ids
    assert [spool.read(report)[1] for report in spool.waiting()] == [b"body 0", b"body 1", b"body 2"]


def test_a_half_written_file_of_a_killed_tester_is_swept_away(tmp_path: Path) -> None:
    half = tmp_path / "reports" / "x.json.gz.tmp"
    half.parent.mkdir()
    half.write_bytes(b"half")
    spool = Spool(tmp_path, limit_bytes=2**20)

    assert not half.exists()
    assert spool.waiting() == []
    spool.close()


@pytest.mark.parametrize("damage", [b"", b"rubbish", gzip.compress(b"x" * 1000, mtime=0)[:-9]])
def test_a_damaged_file_is_recognised(spool: Spool, damage: bytes) -> None:
    report = spool.add(b"body", run_id=uuid4(), started_at=NOON)
    report.path.write_bytes(damage)

    with pytest.raises(CorruptReport, match="is damaged"):
        spool.read(report)


def test_one_spool_has_one_writer(spool: Spool) -> None:
    with pytest.raises(SpoolInUse, match=rf"in use by another tester \(process {os.getpid()}\)"):
        Spool(spool.directory, limit_bytes=1)


def test_the_limit_counts_rejected_reports_too(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=1000)
    report = spool.add(os.urandom(1200), run_id=uuid4(), started_at=NOON)
    assert spool.is_full()
    spool.reject(report.path, reason={"error": "no"})
    assert spool.is_full()
    assert spool.rejected_count() == 1
    spool.close()


def test_a_full_disk_leaves_nothing_half_written(small_disk: Path) -> None:
    spool = Spool(small_disk, limit_bytes=2**30)
    kept = spool.add(os.urandom(60_000), run_id=uuid4(), started_at=NOON)
    with pytest.raises(SpoolFailed, match="No space left on device"):
        spool.add(os.urandom(100_000), run_id=uuid4(), started_at=NOON)

    assert [report.run_id for report in spool.waiting()] == [kept.run_id]
    assert list(small_disk.rglob("*.tmp")) == []
    spool.close()


def test_a_report_that_the_disk_refused_is_spooled_once_there_is_room(small_disk: Path) -> None:
    outbox = Outbox(Spool(small_disk, limit_bytes=2**30))
    first, second = uuid4(), uuid4()
    assert outbox.put(os.urandom(80_000), run_id=first, started_at=NOON)
    assert not outbox.put(os.urandom(80_000), run_id=second, started_at=NOON)
    assert outbox.held_count() == 1
    outbox.delivered(first)
    outbox.settle()

    assert outbox.held_count() == 0
    waiting = outbox.next()
    assert waiting is not None
    assert not isinstance(waiting, Held)
    assert waiting.run_id == second
    outbox.spool.close()


def test_a_limit_on_file_sizes_is_a_full_disk_too(spool: Spool) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(SpoolFailed, match="File too large"):
            spool.add(os.urandom(10_000), run_id=uuid4(), started_at=NOON)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert spool.waiting() == []


def test_a_tester_on_a_full_disk_delivers_from_memory_and_says_so(
    small_disk: Path, place: Any, collector: Any, job_for: Callable[..., Job], can_ping: None
) -> None:
    place.directory.joinpath("spool").symlink_to(small_disk)
    _fill(small_disk)
    ended = place.run(*place.arguments(job_for(collector.url)))

    assert ended.code == 0, ended.err
    assert len(collector.reports) == 1
    text = ended.event("spool_failed")["text"]
    assert "cannot be spooled in" in text
    assert text.endswith("No space left on device; it is kept in memory and tried again")


def test_a_report_that_nobody_takes_is_called_lost(
    small_disk: Path, place: Any, job_for: Callable[..., Job], can_ping: None
) -> None:
    place.directory.joinpath("spool").symlink_to(small_disk)
    _fill(small_disk)
    ended = place.run(*place.arguments(job_for(None)))

    assert ended.code == 1
    assert ended.event("reports_lost")["text"].startswith(
        "1 report could be neither delivered nor spooled (No space left on device): it is lost; make room in"
    )


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"one")
    write_whole(path, b"two")

    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def _fill(disk: Path) -> None:
    for directory in ("reports", "rejected"):
        (disk / directory).mkdir()
    (disk / "lock").touch()
    with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(512))
