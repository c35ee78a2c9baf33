"""What a collector holds in memory has a bound, and what fails is not tried by each alone."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import psycopg
import pytest
from starlette.requests import Request

from collector.errors import Refused, Unavailable
from collector.ingest import queue
from collector.ingest.queue import ReportQueue
from collector.ingest.reports import Delivery, Stored
from collector.web.bodies import Room
from collector.web.failures import befalls_all


def a_delivery(*, rows: int) -> Delivery:
    report = SimpleNamespace(run_id=uuid4(), columns=Rows(rows))
    return Delivery(
        owner=cast("Any", SimpleNamespace(number=1)),
        report=cast("Any", report),
        body_sha256="",
        clock_offset_us=None,
        at=datetime.now(UTC),
    )


class Rows:
    """Columns with rows that have no probe at all."""

    rtt_us: tuple[int, ...] = ()

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count


def held_up(until: threading.Event) -> Callable[[Sequence[Delivery]], list[Stored | Refused]]:
    def store(deliveries: Sequence[Delivery]) -> list[Stored | Refused]:
        assert until.wait(30)
        return [Stored(rows=1, repeated=False) for _ in deliveries]

    return store


def test_rows_without_probes_fill_the_queue_too() -> None:
    go = threading.Event()
    reports = ReportQueue(held_up(go), writers=1)
    each = queue.MOST_POSITIONS_WAITING // queue.ROW // 4
    done = []
    refused = 0
    for _ in range(12):
        try:
            done.append(reports.put(a_delivery(rows=each)))
        except Unavailable:
            refused += 1
    go.set()
    reports.close()

    assert len(done) >= 4
    assert refused > 0
    assert all(future.result(30).rows == 1 for future in done)


def test_a_database_that_is_away_is_asked_once_for_all_that_wait_together() -> None:
    calls: list[int] = []
    begun, go = threading.Event(), threading.Event()

    def store(deliveries: Sequence[Delivery]) -> list[Stored | Refused]:
        calls.append(len(deliveries))
        begun.set()
        assert go.wait(30)
        raise psycopg.OperationalError("no answer")

    reports = ReportQueue(store, writers=1, befalls_all=befalls_all)
    done = [reports.put(a_delivery(rows=1))]
    assert begun.wait(30)
    done += [reports.put(a_delivery(rows=1)) for _ in range(20)]
    go.set()
    reports.close()

    assert calls == [1, 20]
    assert all(isinstance(future.exception(30), psycopg.OperationalError) for future in done)


def test_bodies_on_their_way_have_room_together_and_give_it_back() -> None:
    async def arrive() -> None:
        room = Room(most=1_000)
        async with room.body(a_request(b"x" * 700), most=10_000, deadline_s=5) as first:
            with pytest.raises(Unavailable, match="fill the memory"):
                async with room.body(a_request(b"x" * 700), most=10_000, deadline_s=5):
                    pass
            assert (len(first), room.held) == (700, 700)
        assert room.held == 0
        async with room.body(a_request(b"x" * 1_000), most=10_000, deadline_s=5) as whole:
            assert len(whole) == 1_000

    asyncio.run(arrive())


def a_request(body: bytes) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "method": "PUT", "path": "/", "headers": []}, receive)
