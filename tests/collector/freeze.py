"""Keep a database of this revision, and what it answers, for the collectors to come.

`python -m tests.collector.freeze POSTGRES_URL` (a database without tables) is run once for each revision,
before the next one is made. It takes the newest database that was kept, brings it up to date, adds what
the revision brought (of 0008: alerts), and writes the dumps and answers of both engines into `frozen/`.
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa
from starlette.testclient import TestClient

from collector.alerts.rules import Command
from collector.app import create_app
from collector.history.rollups import Roller
from collector.migrate import heads, migrate
from collector.session import engine_of
from collector.settings import Settings
from tests.collector.a_collector import ADMIN_TOKEN, basic
from tests.collector.alerts.a_newsroom import Newsroom, some_rules
from tests.collector.test_frozen import FROZEN, NOW, REVISIONS, thaw


def freeze(database_url: str, *, kind: str) -> None:
    """Write the dump of one engine, and what is answered from it."""
    newest, (revision,) = REVISIONS[-1], heads()
    thaw(database_url, newest)
    engine = engine_of(database_url)
    migrate(engine)
    settings = Settings(database_url=database_url, admin_token=ADMIN_TOKEN)
    admin = basic("admin", ADMIN_TOKEN)
    with TestClient(create_app(settings, engine=engine)) as client:
        _alert(engine)
        Roller(engine).roll_up(NOW)
        known = json.loads((FROZEN / f"{newest}.{kind}.answers.json").read_text(encoding="utf-8"))
        answers = {path: client.get(f"/api/v1/{path}", headers=admin).json() for path in known}
    engine.dispose()
    text = json.dumps(answers, sort_keys=True, ensure_ascii=False) + "\n"
    (FROZEN / f"{revision}.{kind}.answers.json").write_text(text, encoding="utf-8")
    (FROZEN / f"{revision}.{kind}.sql").write_text(_dump(database_url), encoding="utf-8")


def _alert(engine: sa.Engine) -> None:
    """Let a region lose packets until it is told."""
    room = Newsroom(engine=engine).begin("watched")
    for _ in range(3):
        room.round({"north": "lossy", "south": "ok"})
    room.tell(some_rules(Command(run=("true",))))


def _dump(database_url: str) -> str:
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as file:
            return "\n".join(file.iterdump()) + "\n"
    done = subprocess.run(
        ["pg_dump", "--no-owner", "--no-privileges", "--inserts", database_url],
        capture_output=True,
        text=True,
        check=True,
    )
    # What other versions of Postgres and psql do not know, and what is for people, stays out.
    kept = [
        line
        for line in done.stdout.splitlines()
        if line and not line.startswith(("--", "\\", "SET transaction_timeout"))
    ]
    return "\n".join(kept) + "\n"


def main() -> None:
    """Freeze both engines."""
    with tempfile.TemporaryDirectory() as folder:
        freeze(f"sqlite:///{Path(folder) / 'collector.sqlite3'}", kind="sqlite")
    freeze(sys.argv[1], kind="postgres")


if __name__ == "__main__":
    main()
