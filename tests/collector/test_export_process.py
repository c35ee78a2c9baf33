"""Exports of a real collector: its memory, and how they end before their end."""

import http.client
import io
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pytest
import sqlalchemy as sa
from pyarrow import parquet

from collector.session import engine_of
from tests.collector.reads.many import SERVERS, fill
from tests.collector.test_serve import Program, serving

DEADLINE_S = 120.0
MIB = 2**20
MOST_GROWTH = 96 * MIB
"""The rows of the large export would take several times as much."""

RUNS = {"csv": 2_010, "parquet": 2_010}
LITTLE = 65_536


def peak_of(program: Program) -> int:
    status = Path(f"/proc/{program.process.pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def exported(program: Program, form: str, **parameters: object) -> int:
    """Read an export to its end; return how many rows it holds, without holding it."""
    more = "".join(f"&{name}={value}" for name, value in parameters.items())
    url = f"{program.url}/api/v1/results?format={form}{more}"
    with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
        if form == "csv":
            return sum(1 for _ in answer) - 1
        body = io.BytesIO(answer.read())
    return int(parquet.ParquetFile(body).metadata.num_rows)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_three_hundred_thousand_results_are_exported_in_the_memory_of_a_few(
    request: pytest.FixtureRequest, form: str
) -> None:
    # Each form on one engine: half the time, and the code that differs is the same for both.
    database_url = request.getfixturevalue("sqlite_url" if form == "csv" else "postgres_url")
    engine = engine_of(database_url)
    fill(engine, runs=RUNS[form])
    engine.dispose()
    with serving(database_url) as program:
        assert exported(program, form, limit=5_000) == 5_000
        before = peak_of(program)

        rows = exported(program, form)

        assert rows == RUNS[form] * SERVERS > 300_000
        assert peak_of(program) - before < MOST_GROWTH


def opened(program: Program, form: str = "csv") -> socket.socket:
    """Ask for an export, and read nothing of it but its beginning."""
    address = urlsplit(program.url)
    assert address.hostname is not None
    connection = socket.create_connection((address.hostname, address.port or 80), timeout=DEADLINE_S)
    connection.sendall(f"GET /api/v1/results?format={form} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def status_of(program: Program) -> int:
    try:
        with urllib.request.urlopen(
            f"{program.url}/api/v1/results?format=csv&limit=1", timeout=DEADLINE_S
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code if error.headers["Retry-After"] else 0


def waiting() -> Iterator[None]:
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        yield
        time.sleep(0.05)


def test_clients_that_go_away_make_room_for_others(database_url: str) -> None:
    engine = engine_of(database_url)
    fill(engine, runs=300)
    engine.dispose()
    with serving(database_url) as program:
        with ExitStack() as stack:
            for _ in range(4):
                stack.enter_context(opened(program))
            assert status_of(program) == 503

        assert any(status_of(program) == 200 for _ in waiting())


def test_clients_that_do_not_read_are_left_when_the_time_is_up(
    sqlite_url: str,
) -> None:
    engine = engine_of(sqlite_url)
    fill(engine, runs=300)
    engine.dispose()
    settings = {"COLLECTOR_EXPORT_DEADLINE_S": "2"}
    with serving(sqlite_url, settings=settings) as program, ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(opened(program))

        assert any(status_of(program) == 200 for _ in waiting())


def end_export(engine: sa.Engine) -> None:
    """End the connection that an export reads by, as a database that goes away does."""
    # The collector's own work reads results as well, but no names beside them.
    reading = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state <> 'idle' AND pid <> pg_backend_pid()"
        " AND query LIKE 'SELECT ping_results%AS tester_uuid%'"
    )
    for _ in waiting():
        with engine.connect() as connection:
            if connection.execute(reading).all():
                return
    raise AssertionError("nothing is exported")


@pytest.mark.postgres
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_database_that_goes_away_leaves_no_whole_file(postgres_url: str, form: str) -> None:
    engine = engine_of(postgres_url)
    fill(engine, runs=RUNS[form])
    # What is ended below shall be the collector's alone.
    engine.dispose()
    with serving(postgres_url) as program, closing(client_of(program)) as client:
        client.connect()
        # Little fits between the two, so that much is still to be read when the database goes.
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE)
        client.request("GET", f"/api/v1/results?format={form}")
        # It has begun: before its first byte it would be a 503.
        answer = client.getresponse()
        end_export(engine)
        engine.dispose()

        with pytest.raises(http.client.IncompleteRead) as broken:
            answer.read()

        if form == "parquet":
            with pytest.raises(pa.ArrowInvalid):
                parquet.ParquetFile(io.BytesIO(broken.value.partial))
        assert any(status_of(program) == 200 for _ in waiting())


def client_of(program: Program) -> http.client.HTTPConnection:
    address = urlsplit(program.url)
    return http.client.HTTPConnection(str(address.hostname), address.port, timeout=DEADLINE_S)
