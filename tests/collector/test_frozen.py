"""Databases of earlier revisions, kept as they were, answer as they did when they are brought up to date.

`frozen/` holds a dump of each revision and engine, and what the collector of that revision answered.
Questions whose meaning has changed since are left out: of 0001 those for slow regions, which knew no
`since` and took the whole of a sweep.
"""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from collector.app import create_app
from collector.history.rollups import Roller
from collector.migrate import heads, migrate
from collector.session import engine_of
from collector.settings import Settings
from collector.tables import ping_results, ping_rollups_hour, runs
from tests.collector.a_collector import ADMIN_TOKEN, basic

FROZEN = Path(__file__).parent / "frozen"
REVISIONS = sorted(path.name.split(".")[0] for path in FROZEN.glob("*.sqlite.sql"))
NOW = datetime(2026, 3, 5, tzinfo=UTC)


def thaw(database_url: str, revision: str) -> None:
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as file:
            file.executescript((FROZEN / f"{revision}.sqlite.sql").read_text(encoding="utf-8"))
        file.close()
    else:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute((FROZEN / f"{revision}.postgres.sql").read_bytes())


def missing(then: Any, now: Any, *, at: str = "") -> list[str]:
    """Return where an answer of today lacks what an earlier one said; what is new may be there."""
    if isinstance(then, dict) and isinstance(now, dict):
        return [
            path for key in then for path in missing(then[key], now.get(key, "nothing"), at=f"{at}.{key}")
        ]
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        pairs = enumerate(zip(then, now, strict=True))
        return [path for number, (one, other) in pairs for path in missing(one, other, at=f"{at}[{number}]")]
    return [] if then == now else [f"{at}: {then!r} became {now!r}"]


def test_this_revision_is_kept_too() -> None:
    assert heads() <= set(REVISIONS), "python -m tests.collector.freeze keeps it"


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_an_earlier_revision_answers_as_it_did(empty_database_url: str, revision: str) -> None:
    thaw(empty_database_url, revision)
    engine = engine_of(empty_database_url)
    assert migrate(engine) in heads()
    # What was stored before there were rollups gets them.
    Roller(engine).roll_up(NOW)
    with engine.connect() as connection:
        assert connection.execute(sa.select(runs.c.run_id).where(runs.c.dirty)).all() == []
        rolled = connection.execute(
            sa.select(sa.func.sum(ping_rollups_hour.c.answered), sa.func.sum(ping_rollups_hour.c.runs))
        ).one()
        raw = (
            connection.execute(
                sa.select(ping_results.c.probes)
                .join(
                    runs,
                    sa.and_(
                        runs.c.tester_id == ping_results.c.tester_id, runs.c.run_id == ping_results.c.run_id
                    ),
                )
                .where(runs.c.trusted)
            )
            .scalars()
            .all()
        )
    assert tuple(map(int, rolled)) == (
        sum(int((np.frombuffer(probes, dtype="<i4") >= 0).sum()) for probes in raw),
        len(raw),
    )

    settings = Settings(database_url=empty_database_url, admin_token=ADMIN_TOKEN)
    kind = "sqlite" if empty_database_url.startswith("sqlite") else "postgres"
    answers = json.loads((FROZEN / f"{revision}.{kind}.answers.json").read_text(encoding="utf-8"))
    with TestClient(create_app(settings, engine=engine)) as client:
        found = {
            asked: client.get(f"/api/v1/{asked}", headers=basic("admin", ADMIN_TOKEN)).json()
            for asked in answers
        }
    engine.dispose()

    assert missing(answers, found) == []
