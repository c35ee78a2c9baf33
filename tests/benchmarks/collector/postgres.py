"""A Postgres of the benchmark's own, with fsync on."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from collector.migrate import migrate
from collector.session import engine_of
from tests.benchmarks.collector.cpu import cpu_s

SETTINGS = (
    "listen_addresses=",
    "max_connections=200",
    "shared_buffers=1GB",
    "work_mem=64MB",
    "max_wal_size=8GB",
    # Neither falls into a measurement: vacuum and analyse are done where rows were made.
    "checkpoint_timeout=1h",
    "autovacuum=off",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Postgres:
    """A server that runs; `pid` is the postmaster's."""

    directory: Path
    pid: int

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://postgres@/{database}?host={self.directory}"

    def made(self, database: str) -> str:
        """Make a database with all tables; return its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}".encode())
        engine = engine_of(self.url(database))
        migrate(engine)
        engine.dispose()
        return self.url(database)

    def cpu_s(self) -> float:
        """Return what the server with all its backends has cost."""
        return cpu_s(self.pid)


def programs() -> Path | None:
    """Return the directory that has initdb and pg_ctl, None where there is none."""
    found = shutil.which("initdb")
    if found is not None and shutil.which("pg_ctl") is not None:
        return Path(found).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[4])
    return installed[-1].parent if installed else None


@contextmanager
def postgres(*, below: Path | None = None, settings: Sequence[str] = ()) -> Iterator[Postgres]:
    """Give a server with a directory of its own, which is removed at the end."""
    bin_directory = programs()
    if bin_directory is None:
        raise SystemExit("no Postgres: neither initdb on PATH nor /usr/lib/postgresql")
    user = "postgres" if os.geteuid() == 0 else None
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir=below))
    try:
        if user is not None:
            pwd.getpwnam(user)
            shutil.chown(directory, user)
        data = directory / "data"
        _run([str(bin_directory / "initdb"), "-D", str(data), *INITDB], user=user)
        options = " ".join(["-k", str(directory), *(f"-c {item}" for item in (*SETTINGS, *settings))])
        control = [str(bin_directory / "pg_ctl"), "-D", str(data), "-w"]
        _run([*control, "-l", str(directory / "log"), "-o", options, "start"], user=user)
        try:
            pid = int((data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
            yield Postgres(directory=directory, pid=pid)
        finally:
            _run([*control, "-m", "immediate", "stop"], user=user)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


INITDB = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")


def _run(command: list[str], *, user: str | None) -> None:
    subprocess.run(
        command, check=True, user=user, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
