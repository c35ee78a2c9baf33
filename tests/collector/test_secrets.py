"""A secret stands in no log and in no database."""

import base64
import json
import re
import traceback
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from collector.cli import cli
from collector.session import engine_of
from tests.collector.a_collector import ADMIN_TOKEN, TESTER_TOKEN, a_report, basic
from tests.collector.test_serve import delivered, registered, send, serving


def found_in(text: bytes, secrets: list[str]) -> list[str]:
    shapes = {secret: (secret.encode(), base64.b64encode(secret.encode())) for secret in secrets}
    return [secret for secret, forms in shapes.items() if any(form in text for form in forms)]


def all_rows(database_url: str) -> bytes:
    engine = engine_of(database_url)
    with engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        rows = [
            str(row) for table in tables for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"')
        ]
    engine.dispose()
    return "\n".join(rows).encode()


def test_whatever_is_sent_no_secret_is_logged_or_stored(database_url: str, tmp_path: Path) -> None:
    wrong, rotated, rubbish = (f"secret-{word}-{uuid4()}" for word in ("wrong", "rotated", "rubbish"))
    with serving(database_url) as program:
        tester_id = registered(program.url)
        admin = basic("admin", ADMIN_TOKEN)
        url = f"{program.url}/api/v1"
        assert delivered(program.url, a_report(tester_id)) == 201
        body = json.dumps({"role": "reader"}).encode()
        assert send("POST", f"{url}/tokens", body, admin) == 201
        assert send("POST", f"{url}/tokens/1/rotate", b'{"grace_s": 60}', admin) == 201
        for headers in (
            basic("admin", wrong),
            basic(wrong, rotated),
            basic(tester_id, wrong),
            {"Authorization": f"Basic {rubbish}"},
            {"Authorization": f"Bearer {rubbish}"},
            {"Authorization": rubbish},
        ):
            assert send("POST", f"{url}/tokens", body, headers) == 401
        for _ in range(80):
            status = send("POST", f"{url}/tokens", body, basic("admin", wrong))
        assert status == 429
        engine = engine_of(database_url)
        # What the code does not foresee is a fault of ours, with a traceback.
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE UNIQUE INDEX unforeseen ON fleets (registered_by)")
        assert send("PUT", f"{url}/fleets/{uuid4()}", fleet_of(rubbish), admin) == 500
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE tokens RENAME TO broken")
        assert send("POST", f"{url}/tokens", body, admin) in (500, 503)
        engine.dispose()
        program.process.terminate()
        assert program.process.stderr is not None
        log = program.process.stderr.read().encode()
    secrets = [ADMIN_TOKEN, TESTER_TOKEN, wrong, rotated, rubbish]

    assert b"Traceback" in log
    assert found_in(log, secrets) == []
    assert found_in(all_rows(database_url), secrets) == []
    # A token is 43 letters of base64: none of that shape, issued or rotated, is there either.
    assert re.findall(rb"(?<![\w-])[\w-]{43}(?![\w-])", log + all_rows(database_url)) == []
    files = [path.read_bytes() for path in tmp_path.glob("collector.sqlite3*")]
    assert found_in(b"".join(files), secrets) == []


def fleet_of(secret: str) -> bytes:
    return json.dumps({"name": secret, "spec": {}, "orchestrator": "me"}).encode()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:S3cret-1@127.0.0.1:1/none",
        "postgresql://me:S3cret-1@127.0.0.1:1/none?password=S3cret-2",
        "postgresql://me:S3cret-1@127.0.0.1:port/none",
        "postgresql://me:an@S3cret-1@127.0.0.1/none",
        "postgresql://me:S3cret-1@127.0.0.1:1/none?bogus=S3cret-2",
        "mysql://me:S3cret-1@127.0.0.1/none",
    ],
)
def test_a_database_that_is_away_is_told_without_its_password(url: str) -> None:
    for words in (["serve", "--port", "0"], ["migrate"], ["token", "list"]):
        ended = CliRunner().invoke(cli, [*words, "--database-url", url], obj={})

        assert ended.exception is not None
        told = "".join(traceback.format_exception(ended.exception)) + ended.output
        assert "S3cret" not in told, (words, url)
