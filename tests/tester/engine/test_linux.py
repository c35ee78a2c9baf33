"""What only the Linux engine knows: late, duplicate and reordered answers, each probe's own fate."""

import ctypes
import os
import random
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import pytest

from tester.engine.choose import choose_engine, open_engine
from tester.engine.engine import Address, Probed
from tester.engine.linux import LinuxEngine
from tester.errors import UsageError
from tester.stop import Stop
from wire.job import ProbePlan
from wire.report import LATE, LOST

CLONE_NEWNET = 0x40000000
PLAN = ProbePlan(count=12, interval_s=0.02, timeout_s=0.5)
LATE_S = 0.8
FATES = ("answered", "lost", "late", "twice", "forged")
KINDS = ("raw", "dgram")


@contextmanager
def silent_network() -> Iterator[None]:
    """A network of this thread's own, whose kernel answers no echo request."""
    if os.geteuid() != 0:
        pytest.skip("a network namespace needs root")
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open("rb") as outside:
        if libc.unshare(CLONE_NEWNET) != 0:
            pytest.skip(f"no network namespace here: {os.strerror(ctypes.get_errno())}")
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            settings = ["net.ipv4.icmp_echo_ignore_all=1", "net.ipv4.ping_group_range=0 2147483647"]
            subprocess.run(["sysctl", "-qw", *settings], check=True)
            yield
        finally:
            assert libc.setns(outside.fileno(), CLONE_NEWNET) == 0


class Responder:
    """Answers each echo request by its fate; `fates` is by address and sequence number."""

    def __init__(self, fates: dict[str, list[str]]) -> None:
        self.fates = fates
        self.ear = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.ear.settimeout(0.1)
        self.mouth = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.ending = False
        self.timers: list[threading.Timer] = []
        self.thread = threading.Thread(target=self.answer_all)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.ending = True
        self.thread.join()
        for timer in self.timers:
            timer.join()
        self.ear.close()
        self.mouth.close()

    def answer_all(self) -> None:
        while not self.ending:
            with suppress(TimeoutError):
                packet = self.ear.recv(2_048)
                if packet[20] == 8:
                    self.answer(packet)

    def answer(self, packet: bytes) -> None:
        target = socket.inet_ntoa(packet[16:20])
        (sequence,) = struct.unpack_from("!H", packet, 26)
        fate = self.fates[target][sequence]
        reply = reply_to(packet)
        if fate == "late":
            self.timers.append(threading.Timer(LATE_S, self.say, [reply]))
            self.timers[-1].start()
        elif fate == "forged":
            # Another nonce, a cut payload, a token that nobody has: none is an answer.
            for payload in (bytes(8) + packet[36:], packet[28:50], packet[28:48] + b"\xff" * 36):
                self.say(reply_to(packet[:28] + payload))
        elif fate != "lost":
            self.say(reply)
            if fate == "twice":
                self.say(reply)

    def say(self, reply: bytes) -> None:
        self.mouth.sendto(reply, (socket.inet_ntoa(reply[16:20]), 0))


def reply_to(packet: bytes) -> bytes:
    body = b"\0\0\0\0" + packet[24:]
    padded = body + bytes(len(body) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    head = packet[:2] + b"\0\0" + packet[4:8] + packet[8:10] + b"\0\0" + packet[16:20] + packet[12:16]
    return head + body[:2] + struct.pack("!H", total ^ 0xFFFF) + body[4:]


def probed(kind: str, *addresses: str) -> Probed:
    stop = Stop()
    try:
        return LinuxEngine(kind=kind).probe(
            [Address(text=text, family=4) for text in addresses], PLAN, stop=stop
        )
    finally:
        stop.close()


@pytest.mark.parametrize("kind", KINDS)
def test_each_probe_has_the_fate_that_it_had_on_the_wire(kind: str, chance: random.Random) -> None:
    addresses = [f"127.0.3.{number}" for number in range(1, 9)]
    fates = {address: chance.choices(FATES, k=PLAN.count) for address in addresses}
    with silent_network(), Responder(fates):
        found = probed(kind, *addresses)

    for row, address in enumerate(addresses):
        own, positions = fates[address], found.positions[row * PLAN.count : (row + 1) * PLAN.count]
        said = [
            {LOST: ("lost", "forged"), LATE: ("late",)}.get(each, ("answered", "twice")) for each in positions
        ]
        assert all(fate in fits for fate, fits in zip(own, said, strict=True)), (own, list(positions))
        assert found.late is not None
        assert found.duplicate is not None
        assert found.late[row] == own.count("late")
        assert len(found.late_rtt_us.get(row, [])) == own.count("late")
        assert found.duplicate[row] == own.count("twice")
    assert (found.dropped, found.unstamped, found.icmp_errors) == (0, 0, {})


@pytest.mark.parametrize("kind", KINDS)
def test_a_late_answer_that_later_ones_overtook_is_late_alone(kind: str) -> None:
    with silent_network(), Responder({"127.0.3.1": ["answered", "late", *["answered"] * 10]}):
        found = probed(kind, "127.0.3.1")

    assert (found.late, found.reordered, found.duplicate) == ([1], [0], [0])


@pytest.mark.parametrize("kind", KINDS)
def test_refusals_in_between_leave_every_other_stamp_at_its_probe(kind: str) -> None:
    fates = {f"127.0.3.{number}": ["answered"] * PLAN.count for number in range(1, 4)}
    with silent_network(), Responder(fates):
        found = probed(kind, "127.0.3.1", "255.255.255.255", "127.0.3.2", "255.255.255.255", "127.0.3.3")

    for row in (0, 2, 4):
        assert min(found.positions[row * PLAN.count : (row + 1) * PLAN.count]) >= 0
    for row in (1, 3):
        assert set(found.positions[row * PLAN.count : (row + 1) * PLAN.count]) == {LOST}
        assert sum(found.icmp_errors[row].values()) == PLAN.count
    assert found.unstamped == 0


def test_auto_is_the_linux_engine_where_its_calls_are() -> None:
    assert choose_engine("auto") == "linux"
    assert choose_engine("icmplib") == "icmplib"


def test_an_unknown_engine_is_refused_with_the_choices() -> None:
    with pytest.raises(UsageError, match="unknown engine 'fping': choose one of auto, linux, icmplib"):
        open_engine(engine="fping")
