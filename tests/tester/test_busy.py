"""A collector that has enough for now (429, 503): the tester comes again and loses nothing."""

import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tester.deliver import Delivery
from tester.http_collector import HttpCollector
from tester.log import JsonLog
from tester.outbox import Outbox
from tester.spool import Spool
from wire.identity import run_id_of
from wire.job import ProbePlan
from wire.report import Report, Results

TESTER = uuid4()
ENOUGH = {"error": "too_many_attempts", "message": "too many wrong credentials came of late", "hint": None}


class Sending:
    """One tester's delivery, with its spool and what it logs."""

    def __init__(self, url: str, directory: Path) -> None:
        (directory / "token").write_text("secret-token\n")
        self.spool = Spool(directory / "spool", limit_bytes=2**20)
        self.outbox = Outbox(self.spool)
        self.written = io.StringIO()
        self.delivery = Delivery(
            collector=HttpCollector(url, tester_id=TESTER, token_file=directory / "token"),
            tester_id=TESTER,
            outbox=self.outbox,
            log=JsonLog(self.written),
            dice=lambda: 0.0,
        )

    def put(self) -> Report:
        sweep_id, now = uuid4(), datetime.now(UTC)
        report = Report(
            run_id=run_id_of(sweep_id=sweep_id, tester_id=TESTER, index=0),
            tester_id=TESTER,
            sweep_id=sweep_id,
            index=0,
            of=1,
            started_at=now,
            finished_at=now,
            end="complete",
            probe=ProbePlan(count=1),
            engine={"name": "test"},
            health={"trusted": True, "reason": None},
            results=Results(),
        )
        self.outbox.put(report.to_bytes(), run_id=report.run_id, started_at=now)
        return report

    def told(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.written.getvalue().splitlines()]


@pytest.fixture
def sending(collector: Any, tmp_path: Path) -> Iterator[Sending]:
    made = Sending(collector.url, tmp_path)
    yield made
    made.delivery.end(wait_s=20)
    made.spool.close()


@pytest.mark.parametrize("status", [429, 503])
def test_a_report_that_is_sent_away_for_now_is_brought_again_after_the_pause(
    sending: Sending, collector: Any, reply: Any, status: int
) -> None:
    reports = [sending.put() for _ in range(3)]
    sent_away: Counter[str] = Counter()

    def answer(request: Any) -> Any:
        if request.path.endswith("/report") and sum(sent_away.values()) < 2:
            sent_away[request.path] += 1
            return reply(status=status, body=ENOUGH, headers={"Retry-After": "1"})
        return None

    collector.answering = answer
    sending.delivery.start()
    collector.wait(lambda: len(collector.reports) == len(reports), for_s=30)

    assert sending.delivery.wait_empty(wait_s=10, give_up=lambda: False)
    assert set(collector.reports) == {report.run_id for report in reports}
    assert sending.outbox.rejected_count == 0
    assert sum(sent_away.values()) == 2
    assert "collector_busy" in sending.told()
    assert "report_rejected" not in sending.told()


def test_the_pause_that_is_asked_for_is_kept(sending: Sending, collector: Any, reply: Any) -> None:
    sending.put()
    collector.answering = lambda request: (
        reply(status=429, body=ENOUGH, headers={"Retry-After": "600"})
        if request.path.endswith("/report")
        else None
    )
    sending.delivery.start()
    collector.wait(lambda: any(request.path.endswith("/report") for request in collector.requests))

    # Far more than its own first pause, and nobody comes.
    assert not sending.delivery.wait_empty(wait_s=1.5, give_up=lambda: False)
    assert sum(request.path.endswith("/report") for request in collector.requests) == 1
    assert (sending.outbox.count(), sending.outbox.rejected_count) == (1, 0)


def test_a_collector_that_has_enough_at_the_first_meeting_is_met_later(
    sending: Sending, collector: Any, reply: Any
) -> None:
    report = sending.put()
    met: list[str] = []

    def answer(request: Any) -> Any:
        met.append(request.path)
        # By a proxy, perhaps, which has no words of ours.
        return reply(status=429, headers={"Retry-After": "0"}) if len(met) == 1 else None

    collector.answering = answer
    sending.delivery.start()
    collector.wait(lambda: report.run_id in collector.reports)

    assert met[0] == met[1] == "/healthz"
