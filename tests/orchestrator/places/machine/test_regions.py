import random
import threading
from concurrent.futures import ThreadPoolExecutor

from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.regions import RegionSlots


def slots(at_once: int = 2, *, jitter_s: float = 0.0) -> RegionSlots:
    return RegionSlots(at_once=at_once, jitter_s=jitter_s, chance=random.Random(1))


def test_a_few_at_a_time_are_let_into_a_region() -> None:
    free, inside, most, lock = slots(), 0, 0, threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with free.one("mars", deadline=Deadline.after(30), stop=threading.Event()) as is_free:
            assert is_free
            with lock:
                inside += 1
                most = max(most, inside)
            threading.Event().wait(0.02)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(work) for _ in range(8)]:
            future.result()
    assert most == 2


def test_a_full_region_holds_up_no_other_and_nobody_for_ever() -> None:
    free, never = slots(1), threading.Event()
    with free.one("mars", deadline=Deadline.after(30), stop=never) as first:
        assert first
        with free.one("venus", deadline=Deadline.after(30), stop=never) as elsewhere:
            assert elsewhere
        with free.one("mars", deadline=Deadline.after(0.05), stop=never) as late:
            assert not late
    with free.one("mars", deadline=Deadline.after(30), stop=never) as after:
        assert after


def test_who_is_stopped_waits_no_longer() -> None:
    stop = threading.Event()
    stop.set()
    with slots().one("mars", deadline=Deadline.after(30), stop=stop) as is_free:
        assert not is_free


def test_only_who_meets_another_in_a_region_waits_for_a_random_time() -> None:
    free, never = slots(jitter_s=1_000_000.0), threading.Event()
    with (
        free.one("mars", deadline=Deadline.after(30), stop=never) as first,
        free.one("venus", deadline=Deadline.after(30), stop=never) as elsewhere,
        free.one("mars", deadline=Deadline.after(0.05), stop=never) as second,
    ):
        assert first
        assert elsewhere
        assert not second
    with free.one("mars", deadline=Deadline.after(30), stop=never) as after:
        assert after
