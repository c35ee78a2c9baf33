"""Reports of many testers while the collector is killed and Postgres loses its power.

How many results are sent is `COLLECTOR_TEST_RESULTS`; by two processes, half of them. A million, by hand:

    COLLECTOR_TEST_RESULTS=1000000 python -m pytest -q tests/collector/hardship/test_killed.py
"""

import os
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from collector.history.rollups import Roller
from collector.session import engine_of
from tests.collector.a_collector import a_report
from tests.collector.hardship.a_postgres import Postgres
from tests.collector.hardship.a_program import Program, a_program
from tests.collector.hardship.a_sender import Sender
from tests.kills import KILLS
from wire.report import Report

RESULTS = int(os.environ.get("COLLECTOR_TEST_RESULTS", "200000"))
TESTERS = 50
ROWS = 200
PROBES = [1000, 2000, -1, 1500]
COLLECTOR_KILLS, POSTGRES_KILLS = 10, 2
DEADLINE_S = 120 + RESULTS / 1_000

pytestmark = pytest.mark.postgres


def some_reports(tester_id: UUID, count: int) -> list[Report]:
    # Some hours ago, so that all of them are in rollups in the end.
    began = datetime.now(UTC) - timedelta(hours=6)
    sweep_id = uuid4()
    return [
        a_report(
            tester_id,
            sweep_id=sweep_id,
            index=index,
            rows=ROWS,
            rtt_us=PROBES,
            started_at=began + timedelta(seconds=10 * index),
        )
        for index in range(count)
    ]


def waiting(senders: list[Sender]) -> int:
    return sum(sender.outbox.count() for sender in senders)


def strike(
    program: Program, postgres: Postgres, senders: list[Sender], chance: random.Random, end: float
) -> int:
    """Kill at moments that chance chooses from all of the delivery; return how many times."""
    total = waiting(senders)
    blows = [program.kill_one] * COLLECTOR_KILLS + [lambda _chance: postgres.restart()] * POSTGRES_KILLS
    chance.shuffle(blows)
    # By what is delivered, so that a quick machine is not done before the last blow.
    moments = sorted(chance.randrange(total * 9 // 10) for _ in blows)
    for moment, blow in zip(moments, blows, strict=True):
        while total - waiting(senders) < moment:
            assert time.monotonic() < end, f"{waiting(senders)} of {total} reports still wait"
            time.sleep(0.005)
        blow(chance)
    return len(blows)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_result_is_counted_once_whatever_is_killed(
    postgres: Postgres,
    tmp_path: Path,
    chance: random.Random,
    workers: int,
    record_property: Any,
) -> None:
    each = max(1, RESULTS // workers // TESTERS // ROWS)
    with a_program(postgres.url, log=tmp_path / "log", workers=workers) as program:
        program.keep_alive()
        senders: list[Sender] = []
        for number, tester_id in enumerate(program.register(TESTERS)):
            sender = Sender(tester_id, url=program.url, directory=tmp_path / f"tester{number}", chance=chance)
            senders.append(sender)
            for report in some_reports(tester_id, each):
                sender.put(report)
        end = time.monotonic() + DEADLINE_S
        for sender in senders:
            sender.delivery.start()

        record_property(KILLS, strike(program, postgres, senders, chance, end))
        while waiting(senders):
            assert time.monotonic() < end, f"{waiting(senders)} reports still wait"
            time.sleep(0.05)
        for sender in senders:
            sender.close()
        assert program.end() == 0

    assert [sender.outbox.rejected_count for sender in senders] == [0] * TESTERS
    count = TESTERS * each
    assert postgres.rows(
        "SELECT count(*), count(*) FILTER (WHERE state = 'complete'), sum(stored) FROM runs"
    ) == [(count, count, count * ROWS)]
    assert postgres.rows(
        "SELECT count(*), count(DISTINCT (tester_id, run_id, server_id)), sum(planned), sum(answered) "
        "FROM ping_results"
    ) == [(count * ROWS, count * ROWS, count * ROWS * 4, count * ROWS * 3)]
    # Each was told once as well, whatever was cut off in the middle.
    assert postgres.rows(
        "SELECT count(*), count(DISTINCT data->>'run_id') FROM events WHERE kind = 'run.reported'"
    ) == [(count, count)]
    engine = engine_of(postgres.url)
    Roller(engine).roll_up(datetime.now(UTC) + timedelta(days=2))
    engine.dispose()
    for table in ("ping_rollups_hour", "ping_rollups_day"):
        assert postgres.rows(f"SELECT sum(runs), sum(sent), sum(answered) FROM {table}") == [
            (count * ROWS, count * ROWS * 4, count * ROWS * 3)
        ]
