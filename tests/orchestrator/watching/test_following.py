"""A sweep is followed by events, and by questions where there are none; nothing is lost or told twice."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from orchestrator.collector_client import Event
from orchestrator.events import RunMoved
from tests.collector.hardship.a_program import Program, a_program
from tests.orchestrator.watching.a_proxy import Events, Proxy, a_proxy
from tests.orchestrator.watching.a_sweep import Followed, followed
from tests.orchestrator.watching.conftest import Shared
from wire.report import Report

EVENTS = "GET /api/v1/events"
RUNS = "GET /api/v1/runs"


@pytest.fixture
def program(database_url: str, tmp_path: Path) -> Iterator[Program]:
    # What one process writes is told by the stream of the other.
    workers = 1 if database_url.startswith("sqlite") else 2
    with a_program(database_url, log=tmp_path / "log", workers=workers) as found:
        yield found


def test_events_alone_tell_what_becomes_of_runs(program: Program, tmp_path: Path) -> None:
    with a_proxy(program.url) as proxy, followed(program, tmp_path, url=proxy.url) as sweep:
        sweep.announce(0)
        sweep.following.read()
        with sweep.following.listening():
            sweep.announce(1)
            # Told by the one question that fills the time before the stream.
            sweep.follow_until(lambda: (1, "announced") in sweep.moves and proxy.asked[EVENTS])
            sweep.follow_until(lambda: sweep.following.is_live)
            asked = proxy.asked[RUNS]
            sweep.announce(2)
            assert [sweep.deliver(index) for index in (1, 2, 3)] == [201] * 3
            run_id = sweep.report(0).run_id
            sweep.ports.client.abandon_run(
                run_id, tester_id=sweep.tester_id, sweep_id=sweep.sweep_id, index=0, of=1, reason="enough"
            )
            sweep.follow_until(lambda: (0, "abandoned") in sweep.moves)

            assert proxy.asked[RUNS] == asked
        sweep.following.read()

    assert sweep.moves == [
        (1, "announced"),
        (2, "announced"),
        (1, "complete"),
        (2, "complete"),
        (3, "complete"),
        (0, "abandoned"),
    ]
    figures = [
        (event.planned, event.sent, event.stored) for event in sweep.told if isinstance(event, RunMoved)
    ]
    assert figures == [(2, 0, 0)] * 2 + [(2, 2, 2)] * 3 + [(2, 0, 0)]
    assert sweep.notes == []


def test_a_collector_that_is_killed_again_and_again_loses_no_event_and_tells_none_twice(
    program: Program, tmp_path: Path
) -> None:
    count = 60
    program.keep_alive()
    with followed(program, tmp_path) as sweep:
        sweep.following.read()

        def measure() -> None:
            for index in range(count):
                report = sweep.report(index)
                # A tester sends the same until it is told that it is stored.
                while not is_stored(report):
                    pause.wait(0.05)

        def is_stored(report: Report) -> bool:
            try:
                status = sweep.send(report)
            except OSError:
                return False
            assert status in (200, 201, 503)
            return status != 503

        pause = threading.Event()
        tester = threading.Thread(target=measure)
        with sweep.following.listening():
            sweep.follow_until(lambda: sweep.following.is_live)
            tester.start()
            for told in (count // 4, count // 2, count * 3 // 4):
                sweep.follow_until(partial(_has_told, sweep, told))
                program.process.kill()
            sweep.follow_until(lambda: len(set(sweep.moves)) == count)
            tester.join()
            # What comes behind the last event of before was heard already.
            sweep.follow_until(lambda: sweep.following.is_live)

    assert Counter(sweep.moves) == Counter((index, "complete") for index in range(count))
    assert sweep.notes == []


def test_without_events_runs_are_asked_for_and_that_is_said_once(shared: Shared, tmp_path: Path) -> None:
    said = {
        Events.NOT_FOUND: "it answered HTTP 404 without an error that we know",
        Events.NOT_IMPLEMENTED: "HTTP 501: Not Implemented",
        Events.PAGE: "its events are of the type 'text/html'",
        Events.HANG: "nothing was said for 0.3 s",
        Events.HELD_BACK: "nothing was said for 0.3 s",
        Events.CUT: "Server disconnected without sending a response.",
    }
    with ExitStack() as stack:
        spoiled: dict[Events, tuple[Proxy, Followed]] = {}
        for how in said:
            proxy = stack.enter_context(a_proxy(shared.program.url))
            proxy.events = how
            sweep = stack.enter_context(
                followed(
                    shared.program,
                    tmp_path / how.name,
                    tester=shared.tester(),
                    url=proxy.url,
                    events_deadline_s=0.3,
                )
            )
            sweep.following.read()
            stack.enter_context(sweep.following.listening())
            spoiled[how] = proxy, sweep
        for proxy, sweep in spoiled.values():
            _measure_without_events(proxy, sweep)

        for how, (proxy, sweep) in spoiled.items():
            assert sweep.notes == [
                f"the collector at {proxy.url} sends no events ({said[how]}); its runs are asked for instead"
            ]
            assert sweep.moves == [(0, "announced"), (0, "complete")]


def _measure_without_events(proxy: Proxy, sweep: Followed) -> None:
    sweep.announce(0)
    sweep.follow_until(lambda: sweep.moves == [(0, "announced")])
    sweep.follow_until(lambda: sweep.notes)
    sweep.deliver(0)
    sweep.follow_until(lambda: (0, "complete") in sweep.moves)
    # It is tried again, and not told again.
    sweep.follow_until(lambda: proxy.asked[EVENTS] > 1)
    sweep.following.wait(0.5)
    sweep.follow_until(lambda: not sweep.following.is_live)


def test_events_that_come_after_all_take_the_place_of_questions(shared: Shared, tmp_path: Path) -> None:
    with (
        a_proxy(shared.program.url) as proxy,
        followed(shared.program, tmp_path, tester=shared.tester(), url=proxy.url) as sweep,
    ):
        proxy.events = Events.NOT_FOUND
        sweep.following.read()
        with sweep.following.listening():
            sweep.follow_until(lambda: sweep.notes)
            proxy.events = Events.PASS
            sweep.follow_until(lambda: len(sweep.notes) == 2)
            asked = proxy.asked[RUNS]
            sweep.deliver(0)
            sweep.follow_until(lambda: sweep.moves)

            assert proxy.asked[RUNS] == asked
    assert sweep.notes[1] == f"the collector at {proxy.url} sends events again"


def test_a_collector_that_says_less_in_its_events_is_asked(shared: Shared, tmp_path: Path) -> None:
    with followed(shared.program, tmp_path, tester=shared.tester()) as sweep:
        sweep.following.read()
        sweep.announce(0, expected_s=33.0)
        row = dict(next(iter(sweep.ports.client.runs(sweep_id=sweep.sweep_id))))
        less = {name: value for name, value in row.items() if name not in ("announced_at", "expected_s")}

        runs = sweep.following.runs
        assert not runs.take([_event(less)])
        assert not runs.take([_event({"run_id": "rubbish"})])
        assert runs.take([_event(row | {"state": "complete"}), _event(row)])
        assert [(event.index, event.state) for event in sweep.told if isinstance(event, RunMoved)] == [
            (0, "announced"),
            (0, "complete"),
        ]


def _has_told(sweep: Followed, count: int) -> bool:
    return len(sweep.moves) > count


def _event(data: dict[str, object]) -> Event:
    return Event(id="1", kind="run.announced", data=data)
