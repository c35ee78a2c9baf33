"""Every question by GET, of people and of programs, with values that nobody means: answered or refused."""

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.testclient import TestClient

from tests.collector.a_collector import basic
from tests.collector.dashboard.a_history import deliver_history
from tests.collector.reads.a_house import ADMIN, House
from tests.collector.reads.conftest import house
from tests.conftest import SEED

__all__ = ["house"]

TRIES = int(os.environ.get("TEST_ODD_QUESTIONS") or 12)
"""Of each route; by hand a thousand."""

NUMBERS = (
    "",
    "0",
    "-1",
    "1",
    "9" * 20,
    "9" * 400,
    "1e400",
    "nan",
    "inf",
    "-inf",
    "0x10",
    "٣",
    "1_0",
    "½",
    " ",
    "+",
    "None",
)
TIMES = (
    "now",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-23:59",
    "2026-02-30T00:00:00Z",
    "2026-03-01T12:00:00Z",
    "2026-03-01",
    "2026-03-01T12:00:00",
    "7d",
    "-7d",
    "1s",
    "99999999999d",
    "0d",
)
TEXTS = (
    "oslo",
    "ams1",
    "edge-latency",
    "\0",
    "\ud800",
    "‮",
    "'",
    '"><script>',
    "%",
    "_",
    "\\",
    "../..",
    "a" * 5_000,
    "😀",
    "oslo,tokyo",
)
WORDS = (
    "p50",
    "p95",
    "loss",
    "floor",
    "baseline",
    "change",
    "place",
    "region",
    "hour",
    "day",
    "auto",
    "raw",
    "15m",
    "1us",
    "csv",
    "parquet",
    "json",
    "true",
    "false",
    "server",
    "group",
    "slow",
    "complete",
)
UUIDS = ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "{not-one}")


ENDLESS = "/api/v1/events"


@dataclass(frozen=True, kw_only=True)
class Question:
    """A route that is asked by GET, with the names of its parameters."""

    path: str
    in_path: tuple[str, ...]
    in_query: tuple[str, ...]


def questions(app: Any) -> list[Question]:
    return [
        Question(
            path=route.path,
            in_path=tuple(parameter.alias for parameter in route.dependant.path_params),
            in_query=tuple(parameter.alias for parameter in _queries(route.dependant)),
        )
        for route in _routes(app.routes)
        if "GET" in (getattr(route, "methods", None) or ()) and hasattr(route, "dependant")
    ]


def _routes(routes: Any) -> Iterator[Any]:
    for route in routes:
        candidates = getattr(route, "effective_candidates", None)
        if candidates is None:
            yield route
        else:
            yield from _routes(candidates())


def _queries(dependant: Any) -> Iterator[Any]:
    yield from dependant.query_params
    for each in dependant.dependencies:
        yield from _queries(each)


def asked(question: Question, chance: random.Random, known: Sequence[str]) -> str:
    """Return a question with values of all kinds for a few of its parameters."""

    def value() -> str:
        odd = chance.choice((NUMBERS, TIMES, TEXTS, WORDS, known, known))
        return quote(chance.choice(odd).encode("utf-8", "surrogatepass"), safe="")

    path = question.path
    for name in question.in_path:
        path = path.replace(f"{{{name}}}", value() or "-")
    count = min(len(question.in_query), chance.choice((0, 1, 1, 2, 3, 5)))
    names = chance.sample(question.in_query, count)
    if names and chance.random() < 0.1:
        names.append(names[0])
    return f"{path}?{'&'.join(f'{name}={value()}' for name in names)}"


def test_odd_questions_are_answered_or_refused(house: House) -> None:
    history = deliver_history(house, sweeps=3)
    run = house.get("runs")["runs"][0]["run_id"]
    cursors = [house.get(noun, limit=1)["next"] for noun in ("runs", "results", "testers", "servers")]
    known = [str(history.fleet_id), str(history.sweep_id), run, *map(str, history.testers.values()), *UUIDS]
    known += [*cursors, cursors[0][:-3], cursors[0][::-1], "fra1", "dub-db"]
    chance = random.Random(SEED)
    app = house.client.app
    failed = []
    with TestClient(app, raise_server_exceptions=False) as client:
        for question in questions(app):
            if question.path == ENDLESS:
                continue
            for _ in range(TRIES if question.in_query or question.in_path else 1):
                url = asked(question, chance, known)
                answer = client.get(url, headers=basic(*ADMIN), follow_redirects=False)
                if answer.status_code >= 500:
                    failed.append((answer.status_code, url[:500]))
    assert failed == []
