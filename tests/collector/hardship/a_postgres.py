"""A Postgres of one test alone, that may be stopped, killed and frozen."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from collector.migrate import migrate
from collector.session import engine_of
from tests.conftest import _programs, _run, _user

DEADLINE_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Postgres:
    """A server with a migrated database `latency`, which syncs to the disk as it does in earnest."""

    directory: Path
    programs: Path
    user: str | None

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/latency?host={self.directory}"

    def start(self) -> None:
        options = f"-k {self.directory} -c listen_addresses= -c max_connections=100"
        words = ["-D", str(self.data), "-w", "-l", str(self.directory / "log"), "-o", options, "start"]
        _run([str(self.programs / "pg_ctl"), *words], user=self.user)

    def stop(self) -> None:
        """As a power cut does: nothing is written any more."""
        words = ["-D", str(self.data), "-m", "immediate", "-w", "stop"]
        _run([str(self.programs / "pg_ctl"), *words], user=self.user)

    def restart(self) -> None:
        self.stop()
        self.start()

    def processes(self) -> list[psutil.Process]:
        """The server and all of its backends."""
        server = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
        return [server, *server.children(recursive=True)]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It is there, takes connections, and does nothing."""
        stopped = self.processes()
        for process in stopped:
            os.kill(process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in reversed(stopped):
                os.kill(process.pid, signal.SIGCONT)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def a_postgres(*, below: Path | None = None) -> Iterator[Postgres | None]:
    """Give a server, None where this machine has no programs for one; `below` is where it lives."""
    programs = _programs()
    if programs is None:
        yield None
        return
    user = _user()
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir=below))
    found = Postgres(directory=directory, programs=programs, user=user)
    try:
        if user is not None:
            shutil.chown(directory, user)
        words = [
            "-D",
            str(found.data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
        _run([str(programs / "initdb"), *words], user=user)
        found.start()
        try:
            with psycopg.connect(found.url.replace("/latency", "/postgres"), autocommit=True) as connection:
                connection.execute("CREATE DATABASE latency")
            engine = engine_of(found.url)
            migrate(engine)
            engine.dispose()
            yield found
        finally:
            if (found.data / "postmaster.pid").exists():
                try:
                    found.stop()
                except subprocess.CalledProcessError:
                    for process in found.processes():
                        process.kill()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
