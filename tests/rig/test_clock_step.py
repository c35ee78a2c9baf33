"""The wall clock is set in the middle of a pass: no RTT is torn, no verdict turned."""

import struct
import time

import pytest

from tester.engine import lanes, wall
from tester.engine.batches import NAME_ROOM, RECORD_BYTES, Incoming
from tester.engine.findings import CONTROL
from tester.engine.linux import LinuxEngine
from tester.stop import Stop
from tests.rig.rig import Rig
from tests.rig.script import Script, mixed
from tests.rig.truth import differences
from wire.job import ProbePlan

pytestmark = [pytest.mark.root, pytest.mark.xdist_group("rig")]

TIMEOUT_S = 0.25
STAMP_AT = NAME_ROOM + CONTROL.size
NS = 1_000_000_000


class SetClock:
    """A wall clock that is set by `step_ns` at a moment, for our own readings and the kernel's stamps alike.

    The machine's own clock is nobody's to set in a test.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, after_s: float, step_ns: int) -> None:
        self._at_ns = time.time_ns() + round(after_s * 1e9)
        self._step_ns = step_ns
        self.stamped = 0
        read, receive = time.time_ns, Incoming.receive

        def received(incoming: Incoming, descriptor: int, *, flags: int = 0) -> int:
            taken = receive(incoming, descriptor, flags=flags)
            for number in range(taken):
                place = number * RECORD_BYTES + STAMP_AT
                seconds, nanoseconds = struct.unpack_from("=qq", incoming.buffer, place)
                shown = self.shown(seconds * NS + nanoseconds)
                struct.pack_into("=qq", incoming.buffer, place, *divmod(shown, NS))
                self.stamped += 1
            return taken

        class Time:
            """The module, with this clock in it."""

            monotonic_ns = staticmethod(time.monotonic_ns)
            time_ns = staticmethod(lambda: self.shown(read()))

        monkeypatch.setattr(Incoming, "receive", received)
        for module in (wall, lanes):
            monkeypatch.setattr(module, "time", Time)

    def shown(self, true_ns: int) -> int:
        """Return what the clock shows at a true time."""
        return true_ns + (self._step_ns if true_ns >= self._at_ns else 0)


@pytest.mark.parametrize("step_s", [3_600, -3_600, 0.3, -0.3, 0.01])
@pytest.mark.parametrize("kind", ["raw", "dgram"])
def test_every_probe_is_judged_as_it_went(
    rig: Rig, stop: Stop, monkeypatch: pytest.MonkeyPatch, kind: str, step_s: float
) -> None:
    fates = mixed(3, interval_s=0.02, timeout_s=TIMEOUT_S, latest_s=2 * TIMEOUT_S)
    script = Script.of(fates, rows4=10, rows6=5, count=30)
    plan = ProbePlan(count=script.count, interval_s=0.02, timeout_s=TIMEOUT_S)
    rig.load(script)
    with monkeypatch.context() as patch, rig.inside():
        clock = SetClock(patch, after_s=0.3, step_ns=round(step_s * 1e9))
        probed = LinuxEngine(kind=kind).probe(script.addresses(), plan, stop=stop)

    assert clock.stamped > 15 * 30
    assert differences(rig.truth(), probed, timeout_s=TIMEOUT_S) == []
