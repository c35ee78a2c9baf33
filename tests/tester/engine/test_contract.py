"""What every engine must do, on raw and on datagram sockets, as far as it can."""

import ctypes
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tester import VERSION
from tester.engine.engine import Address, Engine, Probed
from tester.engine.linux import LinuxEngine
from tester.engine.portable import PortableEngine
from tester.resolve import literal_address
from tester.stop import Stop
from wire.job import ProbePlan

LOOPBACK = Address(text="127.0.0.1", family=4)
CLONE_NEWNET = 0x40000000
KINDS = {"raw": socket.SOCK_RAW, "dgram": socket.SOCK_DGRAM}


ENGINES: dict[str, Callable[..., Engine]] = {"linux": LinuxEngine, "icmplib": PortableEngine}


@pytest.fixture(params=[f"{name}-{kind}" for name in ENGINES for kind in KINDS])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    name, kind = request.param.split("-")
    with ExitStack() as stack:
        if kind == "dgram" and not _is_allowed(kind) and os.geteuid() == 0:
            stack.enter_context(_open_namespace())
        if not _is_allowed(kind):
            pytest.skip(f"{kind} sockets are not allowed here, and a namespace where they are needs root")
        yield ENGINES[name](kind=kind)


def _is_allowed(kind: str) -> bool:
    try:
        socket.socket(socket.AF_INET, KINDS[kind], socket.IPPROTO_ICMP).close()
    except OSError:
        return False
    return True


@contextmanager
def _open_namespace() -> Iterator[None]:
    """A network of this thread's own, where everybody may ping."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open("rb") as outside:
        if libc.unshare(CLONE_NEWNET) != 0:
            pytest.skip(f"no network namespace here: {os.strerror(ctypes.get_errno())}")
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            subprocess.run(["sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647"], check=True)
            yield
        finally:
            assert libc.setns(outside.fileno(), CLONE_NEWNET) == 0


@pytest.fixture
def stop() -> Iterator[Stop]:
    made = Stop()
    yield made
    made.close()


def probe(engine: Engine, stop: Stop, *addresses: str, **plan: float) -> Probed:
    found = [literal_address(text) for text in addresses]
    values = {"count": 4, "interval_s": 0.01, "timeout_s": 0.3} | plan
    made = ProbePlan(**values)  # type: ignore[arg-type]  # a plan's numbers, whatever their kind
    return engine.probe([address for address in found if address is not None], made, stop=stop)


def test_each_probe_has_its_position(engine: Engine, stop: Stop) -> None:
    probed = probe(engine, stop, "127.0.0.1", "127.0.0.2", "127.200.1.9")

    assert len(probed.positions) == 12
    assert all(0 <= rtt < 300_000 for rtt in probed.positions)
    assert probed.icmp_errors == {}
    assert probed.errors == {}


def test_what_it_cannot_know_is_none_and_else_counted(engine: Engine, stop: Stop) -> None:
    probed = probe(engine, stop, "127.0.0.1", "127.0.0.2")

    unknown = engine.describe()["name"] == "icmplib"
    counts = None if unknown else [0, 0]
    assert (probed.late, probed.duplicate, probed.reordered) == (counts, counts, counts)
    assert (probed.dropped, probed.unstamped) == ((None, None) if unknown else (0, 0))


def test_one_address_twice_is_answered_twice(engine: Engine, stop: Stop) -> None:
    for size in (0, 8, 56):
        probed = probe(engine, stop, "127.0.0.1", "127.0.0.1", "127.0.0.1", size_bytes=size)
        assert min(probed.positions) >= 0


def test_more_probes_than_sequence_numbers_are_told_apart(engine: Engine, stop: Stop) -> None:
    probed = probe(engine, stop, *["127.0.0.1"] * 700, count=100, interval_s=0, timeout_s=1)

    assert len(probed.positions) == 70_000
    assert min(probed.positions) >= 0


def test_ipv6_is_answered(engine: Engine, stop: Stop) -> None:
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    assert min(probe(engine, stop, "::1").positions) >= 0


@pytest.mark.parametrize("size", [0, 1, 11, 12, 56, 1400, 9000])
def test_any_payload_size_works(engine: Engine, stop: Stop, size: int) -> None:
    assert min(probe(engine, stop, "127.0.0.1", "127.0.0.1", size_bytes=size).positions) >= 0


def test_silence_is_lost_and_delays_nobody(engine: Engine, stop: Stop) -> None:
    # 0.0.0.0 answers from 127.0.0.1, so nobody answers from where these probes went.
    probed = probe(engine, stop, "0.0.0.0", "127.0.0.1", count=3)

    assert list(probed.positions[:3]) == [-1, -1, -1]
    assert min(probed.positions[3:]) >= 0
    assert probed.behind_us < 500_000


def test_a_probe_that_the_system_refuses_is_lost_with_its_reason(engine: Engine, stop: Stop) -> None:
    # Without SO_BROADCAST, Linux refuses to send to a broadcast address.
    probed = probe(engine, stop, "255.255.255.255", "127.0.0.1", count=2)

    assert list(probed.positions[:2]) == [-1, -1]
    assert min(probed.positions[2:]) >= 0
    ((kind, count),) = probed.icmp_errors[0].items()
    assert kind.startswith("send:E")
    assert count == 2
    assert probed.errors[0].startswith("could not send: ")


def test_a_stop_leaves_the_rest_unsent(engine: Engine, stop: Stop) -> None:
    timer = threading.Timer(0.2, stop.request)
    timer.start()
    probed = probe(engine, stop, "127.0.0.1", count=1000, interval_s=0.05)
    timer.join()

    sent = [position for position in probed.positions if position != -3]
    assert 1 <= len(sent) < 20
    assert min(sent) >= 0
    assert list(probed.positions[: len(sent)]) == sent


def test_a_stop_gives_no_verdict_on_what_is_still_on_its_way(engine: Engine, stop: Stop) -> None:
    timer = threading.Timer(0.1, stop.request)
    timer.start()
    probed = probe(engine, stop, "0.0.0.0", count=100, interval_s=0.02, timeout_s=60)
    timer.join()

    assert set(probed.positions) == {-3}
    assert probed.unsettled >= 1


def test_the_pace_is_the_plan_whatever_comes_back(engine: Engine, stop: Stop) -> None:
    began = time.monotonic()
    probed = probe(engine, stop, "127.0.0.1", "0.0.0.0", count=5, interval_s=0.1, timeout_s=0.05)

    assert time.monotonic() - began >= 0.4
    assert probed.behind_us < 500_000


def test_a_total_rate_makes_rounds_longer(engine: Engine, stop: Stop) -> None:
    addresses = [Address(text=f"127.0.5.{number}", family=4) for number in range(1, 21)]
    began = time.monotonic()
    probed = engine.probe(
        addresses, ProbePlan(count=3, interval_s=0.01, timeout_s=0.5, rate_per_s=100), stop=stop
    )

    # Sixty probes at 100 a second: the last of them is due after 0.59 s.
    assert time.monotonic() - began >= 0.59
    assert min(probed.positions) >= 0
    assert probed.behind_us < 500_000


def test_a_long_interval_is_waited_for(engine: Engine, stop: Stop) -> None:
    began = time.monotonic()
    probe(engine, stop, "127.0.0.1", count=2, interval_s=1.2)

    assert time.monotonic() - began >= 1.2


def test_another_pinger_with_any_identifier_is_not_heard(engine: Engine, stop: Stop) -> None:
    """Forged replies from the right address, with every sequence number, but not of this run."""
    try:
        forger = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    except PermissionError:
        pytest.skip("forging replies needs a raw socket")
    ending = threading.Event()

    def forge() -> None:
        number = 0
        while not ending.is_set():
            number += 1
            head = struct.pack("!BBHHH", 0, 0, 0, number * 31 % 65_536, number % 16)
            payload = bytes(56)
            total = sum(struct.unpack("!32H", head + payload))
            total = (total & 0xFFFF) + (total >> 16)
            checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
            forger.sendto(head[:2] + struct.pack("!H", checksum) + head[4:] + payload, ("127.0.0.1", 0))

    thread = threading.Thread(target=forge)
    thread.start()
    try:
        silent = probe(engine, stop, "0.0.0.0", count=10)
        answered = probe(engine, stop, "127.0.0.1", count=20)
    finally:
        ending.set()
        thread.join()
        forger.close()

    assert set(silent.positions) == {-1}
    assert min(answered.positions) >= 0


def test_two_engines_at_once_do_not_hear_each_other(engine: Engine) -> None:
    stops = [Stop(), Stop()]
    found: dict[int, Probed] = {}

    def one(number: int, *addresses: str) -> None:
        found[number] = probe(engine, stops[number], *addresses, count=50)

    threads = [
        threading.Thread(target=one, args=(0, "127.0.0.1", "127.0.0.2")),
        threading.Thread(target=one, args=(1, "127.0.0.2", "0.0.0.0")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in stops:
        each.close()

    assert min(found[0].positions) >= 0
    assert min(found[1].positions[:50]) >= 0
    assert set(found[1].positions[50:]) == {-1}


def test_it_says_what_it_stands_on(engine: Engine, stop: Stop) -> None:
    probe(engine, stop, "127.0.0.1", count=1)

    described = engine.describe()
    assert (described["name"], described["version"]) in (("icmplib", "3.0.4"), ("linux", VERSION))
    assert described["socket"] in ("raw", "dgram")
    assert described["receive_buffer_bytes"] >= 100_000


def test_a_family_that_the_machine_lacks_is_not_run_with_the_reason() -> None:
    if os.geteuid() != 0:
        pytest.skip("a namespace without IPv6 needs root")
    ended = _in_namespace(
        "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.lo.disable_ipv6=1",
        "run --host ::1 --host 127.0.0.1 --count 2 --interval 0.01 --timeout 0.2",
    )
    assert ended.returncode == 0, ended.stderr
    assert "could not send: " in ended.stdout
    assert "127.0.0.1  127.0.0.1  ok" in ended.stdout


def test_an_unreachable_network_is_recorded_by_kind() -> None:
    if os.geteuid() != 0:
        pytest.skip("a namespace with an unreachable route needs root")
    rules = "ip route add 198.51.100.0/24 dev lo; ip route add prohibit 203.0.113.0/24"
    ended = _in_namespace(rules, "run --host 203.0.113.5 --count 2 --interval 0.01 --timeout 0.2")

    assert ended.returncode == 0, ended.stderr
    assert "203.0.113.5 203.0.113.5: 2 × send:EACCES" in ended.stdout


def test_unprivileged_ping_works_where_the_group_range_is_open() -> None:
    if os.geteuid() != 0:
        pytest.skip("a namespace with another ping_group_range needs root")
    ended = _in_namespace(
        "sysctl -qw net.ipv4.ping_group_range='0 2147483647'",
        "run --host 127.0.0.1 --host ::1 --count 3 --interval 0.01",
        unprivileged=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count(" ok ") == 2, ended.stdout


def test_icmp_errors_reach_an_unprivileged_tester_by_kind() -> None:
    if os.geteuid() != 0:
        pytest.skip("a namespace with a firewall needs root")
    ended = _in_namespace(
        "sysctl -qw net.ipv4.ping_group_range='0 2147483647'; "
        "ip link add name left type veth peer name right; "
        "ip addr add 192.0.2.1/24 dev left; ip link set left up; ip link set right up",
        "run --host 192.0.2.9 --host 127.0.0.1 --count 2 --interval 0.01 --timeout 4",
        unprivileged=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert "192.0.2.9 192.0.2.9: 2 × unreachable" in ended.stdout
    assert "127.0.0.1  127.0.0.1  ok" in ended.stdout


def test_without_any_permission_the_three_remedies_are_named() -> None:
    if os.geteuid() != 0:
        pytest.skip("taking permissions away needs root")
    for command in ("check", "run --host 127.0.0.1"):
        ended = _in_namespace("true", command, unprivileged=True)
        assert ended.returncode == 2
        lines = ended.stderr.splitlines()
        assert lines[0] == (
            "tester: this system allows no socket to ping with (raw: not permitted; dgram: not permitted). "
            "One of these mends it:"
        )
        assert lines[1] == "  1. run the tester as root"
        assert lines[2].startswith("  2. grant it CAP_NET_RAW: `setcap cap_net_raw+ep ")
        assert lines[3] == (
            "  3. open unprivileged ping to every group: `sysctl -w net.ipv4.ping_group_range='0 2147483647'`"
        )


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe_:
            probe_.bind(("::1", 0))
    except OSError:
        return False
    return True


OTHER_USER = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all")


def _in_namespace(
    before: str, arguments: str, *, unprivileged: bool = False
) -> "subprocess.CompletedProcess[str]":
    root = Path(__file__).resolve().parents[3]
    start = [*OTHER_USER, sys.executable] if unprivileged else [sys.executable]
    if unprivileged:
        tried = subprocess.run(
            [*start, "-c", "import icmplib, tester"], cwd=root, capture_output=True, check=False
        )
        if tried.returncode != 0:
            pytest.skip(f"another user cannot start {sys.executable}: it lies where only root can look")
    script = f"ip link set lo up; {before}; cd {root}; exec {' '.join(start)} -m tester {arguments}"
    return subprocess.run(
        ["unshare", "--net", "sh", "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
