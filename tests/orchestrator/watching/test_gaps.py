"""What happens while a stream of events is broken, and nobody asks, is told by the next one and asked for."""

import time
from collections.abc import Callable
from pathlib import Path

from orchestrator.act.listening import Listening, News
from tests.orchestrator.watching.a_proxy import Events, a_proxy
from tests.orchestrator.watching.a_sweep import DEADLINE_S, Followed, followed
from tests.orchestrator.watching.conftest import Shared

RUNS = "GET /api/v1/runs"


def heard(listening: Listening, true: Callable[[News], bool]) -> list[News]:
    """Take the news until some are as wanted."""
    end = time.monotonic() + DEADLINE_S
    found = [listening.take()]
    while not true(found[-1]):
        assert time.monotonic() < end, found[-1]
        listening.wait(0.2)
        found.append(listening.take())
    return found


def has_run(sweep: Followed, index: int) -> Callable[[News], bool]:
    wanted = str(sweep.report(index).run_id)
    return lambda news: wanted in {event.data.get("run_id") for event in news.events}


def test_the_next_stream_tells_what_the_broken_one_did_not(shared: Shared, tmp_path: Path) -> None:
    with (
        a_proxy(shared.program.url) as proxy,
        followed(shared.program, tmp_path, tester=shared.tester(), url=proxy.url) as sweep,
        Listening(sweep.ports.access.client, sweep_id=sweep.sweep_id, silent_s=30.0) as listening,
    ):
        heard(listening, lambda news: news.is_live)
        assert sweep.deliver(0) == 201
        before = heard(listening, has_run(sweep, 0))[-1]
        proxy.events = Events.CUT
        proxy.cut_streams()
        heard(listening, lambda news: not news.is_live)
        assert sweep.deliver(1) == 201
        proxy.events = Events.PASS

        after = heard(listening, has_run(sweep, 1))

    assert after[-1].is_live
    # Whoever follows asks for all runs as well: an event of so long ago may have been forgotten.
    assert after[-1].gaps == before.gaps + 1
    assert not any(has_run(sweep, 0)(news) for news in after)


def test_who_follows_asks_for_all_runs_behind_a_gap(shared: Shared, tmp_path: Path) -> None:
    with (
        a_proxy(shared.program.url) as proxy,
        followed(shared.program, tmp_path, tester=shared.tester(), url=proxy.url) as sweep,
    ):
        sweep.following.read()
        with sweep.following.listening():
            sweep.follow_until(lambda: sweep.following.is_live)
            streams, asked = proxy.begun, proxy.asked[RUNS]
            proxy.cut_streams()
            end = time.monotonic() + DEADLINE_S
            while proxy.begun == streams:
                # Nobody keeps up meanwhile: the gap opens and closes unseen.
                assert time.monotonic() < end
                time.sleep(0.02)

            sweep.following.keep_up(moved=None)

            assert proxy.asked[RUNS] == asked + 1
