"""The wish to stop: heard at once, from a thread and from a handler, in every moment of a wait."""

import signal
import threading
import time

from orchestrator.act.stop_wish import StopWish


def test_a_wait_lasts_until_its_end_or_the_wish() -> None:
    wish = StopWish()
    assert not wish.wait(0)
    assert not wish.wait(-1)

    threading.Timer(0.05, wish.set).start()

    assert wish.wait(60)
    assert wish.is_set()
    assert wish.wait(60)


def test_signals_in_every_moment_of_a_wait_lock_nothing() -> None:
    heard = 0
    wish = StopWish()

    def hear(*_: object) -> None:
        nonlocal heard
        heard += 1
        if heard == 500:
            wish.set()

    before = signal.signal(signal.SIGALRM, hear)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    try:
        end = time.monotonic() + 60
        while not wish.wait(0.0001):
            assert time.monotonic() < end
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert heard >= 500
