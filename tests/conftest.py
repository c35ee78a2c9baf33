"""Databases for tests: SQLite in a file, and a real Postgres."""

import os
import pwd
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from tests.kills import AT_LEAST, kills_in

# Tests assert behaviour, never times: a busy machine is no failure.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

# Another one each day, so that what chance chooses is not always the same; a failure is met again by it.
SEED = int(os.environ.get("TEST_SEED") or datetime.now(UTC).date().toordinal())

TEMPLATE = "collector_template"
UNPRIVILEGED = ("postgres", "nobody")


def _programs() -> Path | None:
    """Return the directory that has initdb and pg_ctl, None where there is none."""
    found = shutil.which("initdb")
    if found is not None and shutil.which("pg_ctl") is not None:
        return Path(found).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[4])
    return installed[-1].parent if installed else None


def _user() -> str | None:
    """Return whom Postgres runs as, None for ourselves: it refuses root."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        with suppress(KeyError):
            pwd.getpwnam(name)
            return name
    return None


def _run(command: list[str], *, user: str | None) -> None:
    subprocess.run(
        command,
        check=True,
        timeout=60,
        user=user,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd="/",
    )


def pytest_report_header() -> str:
    """Say how to meet again what chance chose."""
    return f"chance: TEST_SEED={SEED}"


@pytest.fixture
def chance() -> random.Random:
    """What chooses at random: from the date, or from `TEST_SEED`."""
    print(f"TEST_SEED={SEED}")  # noqa: T201 - shown with a failure
    return random.Random(SEED)


@pytest.fixture(scope="session")
def may_ping() -> None:
    """Skip what measures where this user may not ping."""
    asked = subprocess.run(
        [sys.executable, "-m", "tester", "check"], capture_output=True, text=True, timeout=30, check=False
    )
    if asked.returncode != 0:
        pytest.skip("this user may not ping: `tester check` has the remedies")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A Postgres of this test run; the value is a URL without a database."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given.rstrip("/")
        return
    programs = _programs()
    if programs is None:
        pytest.skip("no Postgres: neither initdb on PATH nor /usr/lib/postgresql, nor TEST_POSTGRES_URL")
    user = _user()
    # Not below pytest's own directory, which only its user may enter; sockets need short paths too.
    directory = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if user is not None:
            shutil.chown(directory, user)
        data = directory / "data"
        _run(
            [
                str(programs / "initdb"),
                *("-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"),
                *("--locale=C", "--no-sync"),
            ],
            user=user,
        )
        options = f"-k {directory} -c listen_addresses= -c max_connections=200 -c fsync=off"
        control = str(programs / "pg_ctl")
        _run(
            [control, "-D", str(data), "-w", "-l", str(directory / "log"), "-o", options, "start"], user=user
        )
        try:
            yield f"postgresql://postgres@/%s?host={directory}"
        finally:
            _run([control, "-D", str(data), "-m", "immediate", "-w", "stop"], user=user)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The server's URL, after a database with all tables was made there: others are copies."""
    from collector.migrate import migrate
    from collector.session import engine_of

    template = f"{TEMPLATE}_{uuid4().hex[:8]}"
    _execute(postgres_server, f"CREATE DATABASE {template}")
    engine = engine_of(_database(postgres_server, template))
    migrate(engine)
    engine.dispose()
    return template


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """A Postgres database without tables."""
    yield from _fresh(postgres_server, template="template1")


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """A Postgres database with all tables, of this test alone."""
    yield from _fresh(postgres_server, template=postgres_template)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An SQLite database with all tables, of this test alone."""
    from collector.migrate import migrate
    from collector.session import engine_of

    url = f"sqlite:///{tmp_path / 'collector.sqlite3'}"
    engine = engine_of(url)
    migrate(engine)
    engine.dispose()
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database with all tables, of this test alone: once of each engine."""
    url = request.getfixturevalue(f"{request.param}_url")
    assert isinstance(url, str)
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, of this test alone: once of each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    url = request.getfixturevalue("empty_postgres_url")
    assert isinstance(url, str)
    return url


def _fresh(server: str, *, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield _database(server, name)
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _database(server: str, name: str) -> str:
    return server.replace("%s", name) if "%s" in server else f"{server}/{name}"


def _execute(server: str, statement: str) -> None:
    with psycopg.connect(_database(server, "postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how much was killed, and by which chance."""
    if (kills := kills_in(config)) is not None:
        terminalreporter.write_line(f"{kills} processes killed, TEST_SEED={SEED}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the whole run when too little was tried where nothing may be left out (`TESTS_MAY_SKIP=no`)."""
    if os.environ.get("TESTS_MAY_SKIP") != "no" or session.exitstatus != pytest.ExitCode.OK:
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("tests were skipped, and here none may be (TESTS_MAY_SKIP=no)", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    kills = kills_in(session.config)
    if reporter is not None and kills is not None and kills < AT_LEAST and len(session.config.args) == 1:
        reporter.write_line(f"{kills} processes were killed, and {AT_LEAST} must be", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
