"""Disks that are full, and files that may only be read."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.collector.a_collector import a_report
from tests.collector.hardship.a_postgres import a_postgres
from tests.collector.hardship.a_program import Program, a_program
from tests.collector.hardship.test_several import deliver
from tests.small_disk import a_small_disk, fill
from wire.report import Report

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="a disk of its own needs root")
MIB = 2**20


def refused_and_then_stored(program: Program, disk: Path, report: Report) -> None:
    ballast = fill(disk)
    path = f"/api/v1/runs/{report.run_id}/report"
    status, answer = program.send("PUT", path, report.to_bytes(), user=report.tester_id)
    ready = program.get("/readyz")
    health = program.get("/healthz")[0]
    ballast.unlink()
    again = deliver(program, report)

    assert (status, answer["error"]) == (503, "disk_full")
    assert int(answer["retry_after"]) > 0
    assert (ready[0], ready[1]["reason"]) == (503, "the disk of the database is full, nothing was stored")
    assert (health, again) == (200, 201)
    assert program.get("/readyz")[0] == 200


@needs_root
@pytest.mark.root
def test_a_full_disk_under_sqlite_refuses_and_room_mends_it(tmp_path: Path) -> None:
    with a_small_disk(tmp_path / "disk", size=16 * MIB) as disk:
        url = f"sqlite:///{disk / 'c.sqlite3'}"
        with a_program(url, log=tmp_path / "log") as program:
            (tester_id,) = program.register(1)
            refused_and_then_stored(program, disk, a_report(tester_id, rows=5_000))


@needs_root
@pytest.mark.root
@pytest.mark.postgres
def test_a_full_disk_under_postgres_refuses_and_room_mends_it(tmp_path: Path) -> None:
    # Results alone lie on the small disk: with its own log on a full one Postgres stops as a whole.
    with a_postgres() as postgres:
        if postgres is None:
            pytest.skip("no Postgres: neither initdb on PATH nor /usr/lib/postgresql")
        with a_small_disk(postgres.directory / "disk", size=16 * MIB) as disk:
            if postgres.user is not None:
                shutil.chown(disk, postgres.user)
            postgres.run(f"CREATE TABLESPACE small LOCATION '{disk}'")
            # Of a report, everything that is large is written to the newest partitions.
            for (name,) in postgres.rows(
                "SELECT relid::text FROM pg_partition_tree('ping_results') WHERE isleaf"
            ):
                postgres.run(f"ALTER TABLE {name} SET TABLESPACE small")
            with a_program(postgres.url, log=tmp_path / "log") as program:
                (tester_id,) = program.register(1)
                refused_and_then_stored(program, disk, a_report(tester_id, rows=5_000))


def refused(database_url: str) -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, "-m", "collector", "serve", "--port", "0", "--database-url", database_url],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ended.returncode, ended.stderr


@needs_root
@pytest.mark.root
def test_a_database_on_a_read_only_disk_is_told_in_one_line(tmp_path: Path) -> None:
    with a_small_disk(tmp_path / "disk", size=16 * MIB) as disk:
        with a_program(f"sqlite:///{disk / 'c.sqlite3'}", log=tmp_path / "log") as program:
            program.end()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True, timeout=30)
        code, text = refused(f"sqlite:///{disk / 'c.sqlite3'}")
        below = refused(f"sqlite:///{disk / 'below' / 'c.sqlite3'}")

    assert code == 1
    assert text.startswith("collector: the database file cannot be used (SQLITE_")
    assert text.count("\n") == 1
    assert below[0] == 2
    assert below[1] == (
        f"collector: the directory {disk / 'below'} cannot be made: Read-only file system; "
        "name another file with --database-url\n"
    )
