"""The rig tells the truth: a second witness at the other end of the wire saw the same."""

import os
import random
import signal
import socket
import struct
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.rig import TESTER, Rig
from tests.rig.script import FIRST4, FIRST6, LOST, Fate, Kind, Script, mixed
from tests.rig.tap import Message, Tap
from tests.rig.truth import Truth

pytestmark = [pytest.mark.root, pytest.mark.xdist_group("rig")]

IDENTIFIER = 0x4711
REQUESTS, REPLIES = {4: 8, 6: 128}, {4: 0, 6: 129}


@pytest.fixture
def tap(rig: Rig) -> Iterator[Tap]:
    with rig.inside():
        made = Tap(TESTER)
    yield made
    made.close()


class Pinger:
    """Sends one echo request at a time; it keeps no time and reads no answer."""

    def __init__(self) -> None:
        self._sockets = {
            4: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
            6: socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6),
        }

    def send(self, script: Script, row: int, sequence: int, *, payload: bytes = bytes(56)) -> None:
        address = script.addresses()[row]
        kind = REQUESTS[address.family]
        head = struct.pack("!BBHHH", kind, 0, 0, IDENTIFIER, sequence)
        message = head[:2] + struct.pack("!H", checksum(head + payload)) + head[4:] + payload
        self._sockets[address.family].sendto(message, (address.text, 0))

    def close(self) -> None:
        for each in self._sockets.values():
            each.close()


@pytest.fixture
def pinger(rig: Rig) -> Iterator[Pinger]:
    with rig.inside():
        made = Pinger()
    yield made
    made.close()


def checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def ping_all(rig: Rig, pinger: Pinger, script: Script) -> Truth:
    """Send every request of a script in an order of its own, and return the truth about it."""
    rig.load(script)
    left = [row for row in range(script.rows) for _ in range(script.count)]
    random.Random(script.count).shuffle(left)
    nth = [0] * script.rows
    for row in left:
        pinger.send(script, row, nth[row])
        nth[row] += 1
    return rig.truth()


def row_of(script: Script, message: Message) -> int:
    address = message.destination if message.outgoing else message.source
    first = FIRST4 if message.family == 4 else FIRST6
    return int.from_bytes(address, "big") - int(first) + (script.rows4 if message.family == 6 else 0)


def by_position(script: Script, messages: list[Message]) -> dict[int, list[Message]]:
    """Return what passed by, request and answers, by the number that was written into each."""
    found: dict[int, list[Message]] = defaultdict(list)
    for message in messages:
        assert message.identifier == IDENTIFIER
        found[row_of(script, message) * script.count + message.sequence].append(message)
    return found


def a_mixed_script(seed: int) -> Script:
    fates = mixed(seed, interval_s=0.01, timeout_s=0.05, latest_s=0.1)
    return Script.of(fates, rows4=7, rows6=5, count=20)


@pytest.mark.parametrize("seed", range(3))
def test_a_witness_at_the_other_end_counts_the_same(rig: Rig, tap: Tap, pinger: Pinger, seed: int) -> None:
    script = a_mixed_script(seed)
    truth = ping_all(rig, pinger, script)
    passed = by_position(script, tap.messages())

    assert truth.troubles == ()
    assert len(passed) == script.rows * script.count
    for position, messages in passed.items():
        request, *answers = messages
        assert request.outgoing
        assert request.kind == REQUESTS[request.family]
        assert len(answers) == truth.copies[position] == script.fate(position).copies
        for answer in answers:
            assert not answer.outgoing
            assert answer.kind == REPLIES[answer.family]
            assert answer.payload == request.payload
            assert (answer.source, answer.destination) == (request.destination, request.source)
            assert answer.sound
        assert truth.sequences[position] == request.sequence
        assert truth.identifiers[position] == request.identifier


def test_what_the_responder_stamps_lies_within_what_the_tester_can_see(
    rig: Rig, tap: Tap, pinger: Pinger
) -> None:
    script = a_mixed_script(4)
    truth = ping_all(rig, pinger, script)

    answered = 0
    for position, (request, *answers) in by_position(script, tap.messages()).items():
        assert request.at_ns <= truth.seen_ns[position]
        if answers:
            answered += 1
            assert truth.answered_ns[position] <= answers[0].at_ns
    assert answered > 100


def test_no_answer_leaves_before_its_time(rig: Rig, pinger: Pinger) -> None:
    script = a_mixed_script(5)
    truth = ping_all(rig, pinger, script)

    held = {position: truth.held_ns(position) for position in range(script.rows * script.count)}
    assert all(ns is None or ns >= script.fate(position).delay_ns for position, ns in held.items())
    assert [position for position, ns in held.items() if ns is None] == [
        position for position in held if script.fate(position).copies == 0
    ]


def test_requests_are_known_in_the_order_in_which_they_came(rig: Rig, tap: Tap, pinger: Pinger) -> None:
    script = a_mixed_script(6)
    truth = ping_all(rig, pinger, script)

    sent = [
        row_of(script, message) * script.count + message.sequence
        for message in tap.messages()
        if message.outgoing
    ]
    assert list(truth.arrivals) == sent


def test_the_counts_of_a_script_are_those_that_were_written(rig: Rig, pinger: Pinger) -> None:
    late, quick = Fate(delay_ns=400_000_000), Fate()
    twice = Fate(copies=3, spacing_ns=1_000_000)
    overtaken = Fate(delay_ns=150_000_000)
    fates = [
        [quick, LOST, late, twice],
        [overtaken, quick, quick, quick],
        [quick, quick, overtaken, twice],
        [LOST, LOST, LOST, LOST],
    ]
    script = Script.of(lambda row, nth: fates[row][nth], rows4=2, rows6=2, count=4)

    verdicts = ping_all(rig, pinger, script).verdicts(timeout_s=0.3)

    assert list(verdicts.codes) == [0, -1, -2, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1]
    assert verdicts.late == [1, 0, 0, 0]
    assert verdicts.duplicate == [2, 0, 2, 0]
    assert verdicts.reordered == [0, 1, 1, 0]


def test_errors_forgeries_and_stumps_go_over_the_wire_as_such(rig: Rig, tap: Tap, pinger: Pinger) -> None:
    kinds = [Kind.UNREACHABLE, Kind.PROHIBITED, Kind.FORGED, Kind.CUT]
    script = Script.of(lambda row, nth: Fate(kind=kinds[nth]), rows4=1, rows6=1, count=4)
    rig.load(script)
    for row in (0, 1):
        for nth in range(4):
            pinger.send(script, row, nth, payload=b"x" * 40)
    truth = rig.truth()
    messages = [message for message in tap.messages() if not message.outgoing]

    assert all(message.sound for message in messages)
    for family, first in ((4, 0), (6, 4)):
        unreachable, prohibited, forged, cut = messages[first : first + 4]
        assert {message.family for message in messages[first : first + 4]} == {family}
        assert (unreachable.kind, unreachable.code) == {4: (3, 1), 6: (1, 3)}[family]
        assert (prohibited.kind, prohibited.code) == {4: (3, 13), 6: (1, 1)}[family]
        assert unreachable.payload.endswith(b"x" * 40)
        assert len(forged.payload) == 40
        assert b"x" not in forged.payload
        assert cut.payload == b"xxxx"
    verdicts = truth.verdicts(timeout_s=1)
    assert verdicts.icmp_errors == {row: {"unreachable": 1, "prohibited": 1} for row in (0, 1)}
    assert set(verdicts.codes) == {-1}


def test_a_new_script_knows_nothing_of_the_old_one(rig: Rig, pinger: Pinger) -> None:
    slow = Script.of(lambda row, nth: Fate(delay_ns=60_000_000), rows4=1, count=1)
    rig.load(slow)
    pinger.send(slow, 0, 0)
    quick = Script.of(lambda row, nth: Fate(), rows4=2, count=1)

    truth = ping_all(rig, pinger, quick)

    assert list(truth.copies) == [1, 1]
    assert truth.troubles == ()


def test_requests_that_the_script_does_not_have_are_told(rig: Rig, pinger: Pinger) -> None:
    script = Script.of(lambda row, nth: Fate(), rows4=1, count=1)
    rig.load(script)
    pinger.send(script, 0, 0)
    pinger.send(script, 0, 1)

    assert rig.truth().troubles == ("1 requests went to no address of the script, or were more than it has",)


def test_a_wrong_checksum_is_answered_by_nobody_and_told(rig: Rig, tap: Tap) -> None:
    script = Script.of(lambda row, nth: Fate(), rows4=1, count=1)
    rig.load(script)
    with rig.inside(), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.sendto(struct.pack("!BBHHH", 8, 0, 0x1234, IDENTIFIER, 0) + bytes(56), (str(FIRST4), 0))

    assert rig.truth().troubles == ("1 requests had a wrong checksum",)
    assert [message.outgoing for message in tap.messages()] == [True]


def test_frames_that_the_responder_could_not_take_are_told(responder: Path, tmp_path: Path) -> None:
    script = Script.of(lambda row, nth: Fate(), rows4=1, count=200)
    narrow = Rig(responder, directory=tmp_path, frames=64)
    try:
        with narrow.inside():
            pinger = Pinger()
        narrow.load(script)
        os.kill(narrow.pid, signal.SIGSTOP)
        for nth in range(200):
            pinger.send(script, 0, nth)
        os.kill(narrow.pid, signal.SIGCONT)
        truth = narrow.truth()
        pinger.close()
    finally:
        narrow.close()

    [trouble] = truth.troubles
    dropped, words = trouble.split(" ", 1)
    assert words == "frames found no room in the responder's ring"
    # The kernel's own frames (a router solicitation) take room in the ring and are counted as well.
    assert 0 < len(truth.arrivals) <= 64
    assert len(truth.arrivals) + int(dropped) >= 200


def test_nothing_of_the_rig_is_seen_outside(rig: Rig) -> None:
    outside = {name for _, name in socket.if_nameindex()}
    with rig.inside():
        inside = {name for _, name in socket.if_nameindex()}

    assert inside >= {"lo", TESTER}
    assert TESTER not in outside


def test_the_same_seed_makes_the_same_script() -> None:
    assert a_mixed_script(7) == a_mixed_script(7)
    assert a_mixed_script(7) != a_mixed_script(8)
