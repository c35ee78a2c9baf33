import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse

import pytest
import uvicorn

from collector.app import create_app
from collector.history.events import add_event
from collector.session import engine_of, writing
from collector.settings import Settings
from collector.web.state import Services
from tests.collector.reads.a_house import NOON


class Served:
    """A collector behind a real socket, in a thread of its own."""

    def __init__(self, database_url: str) -> None:
        self.engine = engine_of(database_url)
        app = create_app(Settings(database_url=database_url, keep_events_s=1e9), engine=self.engine)
        self.services: Services = app.state.services
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.server = uvicorn.Server(
            uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=20, loop="asyncio")
        )
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve([self.listener])))
        self.thread.start()

    def stop(self) -> None:
        self.services.stopping.set()
        self.server.should_exit = True
        self.thread.join(timeout=30)
        self.listener.close()
        self.engine.dispose()

    @contextmanager
    def stream(self, path: str = "/api/v1/events", *, last: int | None = None) -> Iterator[HTTPResponse]:
        connection = HTTPConnection("127.0.0.1", self.listener.getsockname()[1], timeout=20)
        connection.request("GET", path, headers={} if last is None else {"Last-Event-ID": str(last)})
        answer = connection.getresponse()
        try:
            yield answer
        finally:
            answer.close()
            connection.close()

    def tell(self, number: int, text: str = "x") -> None:
        with writing(self.engine) as connection:
            add_event(
                connection,
                "run.reported",
                at=NOON + timedelta(seconds=number),
                data={"number": number, "t": text},
            )


@pytest.fixture
def served(database_url: str) -> Iterator[Served]:
    found = Served(database_url)
    yield found
    found.stop()


def blocks(answer: HTTPResponse, count: int) -> list[dict[str, str]]:
    """Return the next events, comments and the retry line left out."""
    found: list[dict[str, str]] = []
    block: dict[str, str] = {}
    while len(found) < count:
        line = answer.readline().decode()
        assert line, "the stream ended"
        if line == "\n":
            found += [block] if "id" in block else []
            block = {}
        else:
            name, _, value = line.rstrip("\n").partition(": ")
            block[name] = value
    return found


def test_events_are_replayed_behind_the_last_that_was_seen(served: Served) -> None:
    for number in range(1, 5):
        served.tell(number)

    with served.stream(last=2) as answer:
        found = blocks(answer, 2)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [block["id"] for block in found] == ["3", "4"]
    assert found[0]["event"] == "run.reported"
    assert found[0]["data"] == '{"number":3,"t":"x"}'


def test_without_a_last_event_only_new_ones_come_also_from_another_collector(
    served: Served, database_url: str
) -> None:
    served.tell(1)
    other = Served(database_url)
    try:
        with served.stream() as answer:
            assert answer.readline() == b"retry: 2000\n"
            other.tell(2)
            assert blocks(answer, 1)[0]["id"] == "2"
    finally:
        other.stop()


def test_no_text_ends_an_event_early(served: Served) -> None:
    served.tell(1, "a\n\nid: 99\r\ndata: b\u2028")

    with served.stream(last=0) as answer:
        found = blocks(answer, 1)[0]

    assert found["id"] == "1"
    assert found["data"] == '{"number":1,"t":"a\\n\\nid: 99\\r\\ndata: b\\u2028"}'


def test_an_id_that_this_database_never_gave_begins_with_what_comes(served: Served) -> None:
    served.tell(1)
    with served.stream(last=10**17) as answer:
        answer.readline()
        served.tell(2)
        assert blocks(answer, 1)[0]["id"] == "2"


@pytest.mark.parametrize("wrong", ["-1", "x", "9" * 40, "1.5"])
def test_an_id_that_is_none_is_refused(served: Served, wrong: str) -> None:
    with served.stream(f"/api/v1/events?after={wrong}") as answer:
        assert answer.status == 400
        assert b'"bad_event_id"' in answer.read()


def test_a_stream_ends_when_the_collector_stops(served: Served) -> None:
    with served.stream() as answer:
        answer.readline()
        began = time.monotonic()
        served.stop()
        assert answer.read() == b"\n"
        assert not served.thread.is_alive()
        # The bound of uvicorn's own patience is 20 s: the stream did not wait for it.
        assert time.monotonic() - began < 10


def test_a_client_that_leaves_frees_its_stream(served: Served) -> None:
    with served.stream() as answer:
        answer.readline()
        assert open_streams(served) == 1
    deadline = time.monotonic() + 20
    while open_streams(served) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert open_streams(served) == 0


def open_streams(served: Served) -> int:
    app = served.server.config.app
    return int(app.state.event_streams.count)  # type: ignore[union-attr]  # uvicorn's type is wider
