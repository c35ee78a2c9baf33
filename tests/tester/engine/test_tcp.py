"""Connect times, against sockets that listen, refuse, are full, or are not there."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tester.engine.engine import Address, Probed
from tester.engine.tcp import TcpEngine
from tester.stop import Stop
from tests.rig.namespace import Namespace
from tests.rig.rig import reason_against
from wire.job import ProbePlan
from wire.report import LOST, NOT_SENT

V4, V6 = Address(text="127.0.0.1", family=4), Address(text="::1", family=6)


@contextmanager
def listening(host: str = "127.0.0.1", *, port: int = 0, backlog: int = 100) -> Iterator[int]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as ear:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ear.bind((host, port))
        ear.listen(backlog)
        yield ear.getsockname()[1]


@pytest.fixture
def stop() -> Iterator[Stop]:
    made = Stop()
    yield made
    made.close()


def plan_for(port: int, *, count: int = 10, interval_s: float = 0.01, timeout_s: float = 0.3) -> ProbePlan:
    return ProbePlan(type="tcp", port=port, count=count, interval_s=interval_s, timeout_s=timeout_s)


def of_row(probed: Probed, row: int, *, count: int = 10) -> list[int]:
    return list(probed.positions[row * count : (row + 1) * count])


def test_each_connect_has_its_time_and_the_kernels_beside_it(stop: Stop) -> None:
    with listening() as port:
        probed = TcpEngine().probe([V4], plan_for(port), stop=stop)

    assert min(probed.positions) >= 0
    assert len(probed.kernel_rtt_us[0]) == 10
    # The kernel counts from SYN to SYN-ACK, which lies within the call; it rounds to its own clock.
    for whole, kernel in zip(probed.positions, probed.kernel_rtt_us[0], strict=True):
        assert 0 <= kernel <= whole + 1_000
    assert (probed.late, probed.duplicate, probed.reordered) == ([0], None, None)
    assert (probed.icmp_errors, probed.errors) == ({}, {})


def test_ipv6_is_connected_to(stop: Stop) -> None:
    with listening() as port, listening("::1", port=port):
        probed = TcpEngine().probe([V4, V6], plan_for(port), stop=stop)

    assert min(probed.positions) >= 0


def test_who_refuses_has_answered(stop: Stop) -> None:
    with listening() as port:
        pass
    probed = TcpEngine().probe([V4], plan_for(port), stop=stop)

    assert min(probed.positions) >= 0
    assert probed.icmp_errors == {0: {"refused": 10}}
    assert probed.kernel_rtt_us == {}


def test_nothing_stays_of_a_connection(stop: Stop) -> None:
    with listening() as port:
        TcpEngine().probe([V4], plan_for(port), stop=stop)
        time.sleep(0.05)
        with Path("/proc/net/tcp").open(encoding="ascii") as table:
            states = [line.split()[3] for line in table if f":{port:04X} " in line]

    assert states == ["0A"], "only the one that listens"


def test_a_full_backlog_drops_syns_which_is_lost(stop: Stop) -> None:
    with listening(backlog=0) as port, ExitStack() as stack:
        # One fills the queue; the kernel answers no further SYN.
        for _ in range(4):
            held = stack.enter_context(socket.socket())
            held.setblocking(False)
            held.connect_ex(("127.0.0.1", port))
        probed = TcpEngine().probe([V4], plan_for(port, count=5), stop=stop)

    assert set(probed.positions) == {LOST}
    assert probed.icmp_errors == {}


def test_a_stop_leaves_the_rest_unsent(stop: Stop) -> None:
    threading.Timer(0.2, stop.request).start()
    with listening() as port:
        probed = TcpEngine().probe([V4], plan_for(port, count=100, interval_s=0.05), stop=stop)

    assert probed.positions[0] >= 0
    assert probed.positions[99] == NOT_SENT


def test_an_address_without_a_way_is_lost_and_told(stop: Stop) -> None:
    nowhere = Address(text="fe80::1%65000", family=6)
    with listening() as port:
        probed = TcpEngine().probe([nowhere, V4], plan_for(port), stop=stop)

    assert set(of_row(probed, 0)) <= {LOST, NOT_SENT}
    assert 0 in probed.errors
    assert min(of_row(probed, 1)) >= 0


@pytest.fixture
def network() -> Iterator[Namespace]:
    """A network of its own, with addresses that answer, drop, reject, and come late."""
    if (reason := reason_against()) is not None:
        pytest.skip(reason)
    made = Namespace()
    try:
        with made.inside():
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield made
    finally:
        made.close()


def rule(*words: str) -> None:
    subprocess.run(["iptables", "-w", "-A", "INPUT", "-p", "tcp", *words], check=True)


@pytest.mark.root
def test_silence_is_lost_and_delays_nobody(stop: Stop, network: Namespace) -> None:
    with network.inside(), listening("0.0.0.0") as port:
        rule("-d", "127.0.0.2", "-j", "DROP")
        rule("-d", "127.0.0.3", "-j", "REJECT", "--reject-with", "icmp-host-unreachable")
        addresses = [Address(text=f"127.0.0.{number}", family=4) for number in (1, 2, 3)]
        probed = TcpEngine().probe(addresses, plan_for(port), stop=stop)

    assert min(of_row(probed, 0)) >= 0
    assert set(of_row(probed, 1)) == {LOST}
    assert set(of_row(probed, 2)) == {LOST}
    assert probed.behind_us < 100_000


@pytest.mark.root
def test_what_answers_only_the_second_syn_is_lost(stop: Stop, network: Namespace) -> None:
    with network.inside(), listening("0.0.0.0") as port:
        rule("-d", "127.0.0.2", "-j", "DROP")
        opening = threading.Timer(0.5, lambda: _inside(network, ["iptables", "-w", "-F", "INPUT"]))
        opening.start()
        plan = plan_for(port, count=3, timeout_s=2.0)
        probed = TcpEngine().probe([Address(text="127.0.0.2", family=4)], plan, stop=stop)
        opening.join()

    assert list(probed.positions) == [LOST] * 3
    assert probed.icmp_errors == {0: {"retransmitted": 3}}


def _inside(network: Namespace, command: list[str]) -> None:
    with network.inside():
        subprocess.run(command, check=True)


@pytest.mark.root
def test_more_open_connections_than_descriptors_wait_for_room(
    stop: Stop, network: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tester.engine.tcp._Files.__enter__", _few_files)
    with network.inside(), listening("0.0.0.0") as port:
        rule("-d", "127.0.0.2", "-j", "DROP")
        addresses = [Address(text=f"127.0.0.{1 + number % 2}", family=4) for number in range(40)]
        plan = plan_for(port, count=1, timeout_s=0.2)
        probed = TcpEngine().probe(addresses, plan, stop=stop)

    assert [position >= 0 for position in probed.positions] == [True, False] * 20
    assert NOT_SENT not in probed.positions


def _few_files(files: object) -> object:
    setattr(files, "free", 8)  # noqa: B010 - a slot of the real one
    setattr(files, "_before", (1_024, 1_024))  # noqa: B010 - the same
    return files
