"""What happens to a machine while it probes is not blamed on the network, and the rest goes on."""

import os
import signal
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tester.engine.choose import open_engine
from tester.engine.engine import Address, Probed
from tester.engine.linux import LinuxEngine
from tester.stop import Stop
from tests.rig.rig import TESTER, Rig
from tests.rig.script import Fate, Script, mixed
from tests.rig.truth import differences
from wire.job import ProbePlan
from wire.report import LOST

pytestmark = [pytest.mark.root, pytest.mark.xdist_group("rig")]

KINDS = ("raw", "dgram")
TIMEOUT_S = 0.5
PLAN = ProbePlan(count=40, interval_s=0.05, timeout_s=TIMEOUT_S)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def later() -> Iterator[Callable[[float, Callable[[], object]], None]]:
    """Do something in a moment, from another thread."""
    timers: list[threading.Timer] = []

    def set_off(after_s: float, what: Callable[[], object]) -> None:
        timers.append(threading.Timer(after_s, what))
        timers[-1].start()

    yield set_off
    for timer in timers:
        timer.join()


@pytest.fixture
def own_rig(responder: Path, tmp_path: Path) -> Iterator[Rig]:
    """A rig that may be left in disorder."""
    made = Rig(responder, directory=tmp_path)
    yield made
    made.close()


def all_answered(rows: int, *, count: int = PLAN.count) -> Script:
    return Script.of(lambda row, nth: Fate(delay_ns=300_000), rows4=rows, count=count)


def probe(rig: Rig, script: Script, stop: Stop, *, kind: str, plan: ProbePlan = PLAN) -> Probed:
    rig.load(script)
    with rig.inside():
        return open_engine(engine="linux", sockets=kind).probe(script.addresses(), plan, stop=stop)


@pytest.mark.parametrize("kind", KINDS)
def test_an_interface_that_is_down_for_a_while_costs_those_probes_alone(
    own_rig: Rig, stop: Stop, later: Callable[[float, Callable[[], object]], None], kind: str
) -> None:
    rig = own_rig
    words = ["nsenter", f"--net=/proc/{os.getpid()}/fd/{rig.descriptor}", "ip", "link", "set", TESTER]
    later(0.5, lambda: subprocess.run([*words, "down"], check=True))
    later(0.9, lambda: subprocess.run([*words, "up"], check=True))
    later(0.95, rig.route)

    probed = probe(rig, all_answered(5), stop, kind=kind)

    for row in range(5):
        own = probed.positions[row * PLAN.count : (row + 1) * PLAN.count]
        assert min(own[:8]) >= 0, "before it went down"
        assert LOST in own, "while it was down"
        assert min(own[-8:]) >= 0, "after it came back"
        assert any(kind.startswith("send:ENET") for kind in probed.icmp_errors[row])
    answered = sum(position >= 0 for position in probed.positions)
    assert sum(1 for at_ns in rig.truth().answered_ns if at_ns) == answered


def test_a_tester_that_is_stopped_for_600_ms_loses_nothing(rig: Rig, tmp_path: Path) -> None:
    script = Script.of(
        mixed(7, interval_s=0.05, timeout_s=TIMEOUT_S, latest_s=2 * TIMEOUT_S), rows4=50, count=40
    )
    addresses, positions = tmp_path / "addresses", tmp_path / "positions"
    addresses.write_text("\n".join(address.text for address in script.addresses()), encoding="ascii")
    rig.load(script)
    plan = [str(PLAN.count), str(PLAN.interval_s), str(PLAN.timeout_s)]
    with rig.inside():
        ours = [sys.executable, "-m", "tests.benchmarks.ping.ours", "linux", "raw"]
        process = subprocess.Popen([*ours, str(addresses), *plan, str(positions)], cwd=ROOT)
    for _ in range(2):
        time.sleep(0.7)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.6)
        process.send_signal(signal.SIGCONT)
    assert process.wait(60) == 0

    truth = rig.truth()
    assert len(truth.arrivals) == 50 * 40
    found = Probed(positions=_read(positions), late=truth.verdicts(timeout_s=TIMEOUT_S).late)
    assert differences(truth, found, timeout_s=TIMEOUT_S) == []


def _read(path: Path) -> "array[int]":
    positions = array("q")
    positions.frombytes(path.read_bytes())
    return positions


def test_two_engines_and_an_fping_at_once_hear_only_themselves(rig: Rig) -> None:
    script = Script.of(lambda row, nth: Fate(delay_ns=200_000), rows4=200, count=3 * 20)
    rig.load(script)
    texts = [address.text for address in script.addresses()]
    plan = ProbePlan(count=20, interval_s=0.05, timeout_s=TIMEOUT_S)
    found: list[Probed] = []

    def one() -> None:
        stop = Stop()
        with rig.inside():
            engine = LinuxEngine(kind="raw")
            found.append(engine.probe([Address(text=text, family=4) for text in texts], plan, stop=stop))
        stop.close()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    with rig.inside():
        fping = subprocess.run(
            ["fping", "-q", "-C", "20", "-p", "50", "-i", "0.25", "-t", "500", "-r", "0", *texts],
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
    for thread in threads:
        thread.join()

    truth = rig.truth()
    assert truth.troubles == ()
    assert len(truth.arrivals) == 3 * 200 * 20
    assert fping.stderr.count(" -") == 0
    for probed in found:
        assert min(probed.positions) >= 200
        assert (probed.dropped, probed.unstamped) == (0, 0)
        assert sum(probed.duplicate or []) == 0


def test_fifty_thousand_targets_lose_nothing_by_themselves(stop: Stop) -> None:
    texts = [
        f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}" for number in range(50_000)
    ]
    plan = ProbePlan(count=2, interval_s=2.5, timeout_s=1.0)
    probed = open_engine(engine="linux", sockets="auto").probe(
        [Address(text=text, family=4) for text in texts], plan, stop=stop
    )

    assert min(probed.positions) >= 0
    assert (probed.dropped, probed.unstamped) == (0, 0)
