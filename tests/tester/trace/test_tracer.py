"""Paths through routers that the test makes of namespaces."""

import os
import subprocess
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from tester.engine.engine import Address
from tester.stop import Stop
from tester.trace.hops import NO_ANSWER, Trace
from tester.trace.tracer import Tracer
from tests.rig.namespace import Namespace
from tests.rig.rig import reason_against

pytestmark = pytest.mark.root

ROUTERS = 3
SYSCTLS = (
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.disable_ipv6=0",
    "net.ipv6.conf.all.forwarding=1",
    "net.ipv6.conf.default.accept_dad=0",
    "net.ipv4.icmp_ratelimit=0",
    "net.ipv6.icmp.ratelimit=0",
    "net.ipv4.ping_group_range=0\t2147483647",
)


class Chain:
    """A tester, routers, and a server at the end; net k lies between places k and k + 1."""

    def __init__(self) -> None:
        self.places = [Namespace() for _ in range(ROUTERS + 2)]
        last = len(self.places) - 1
        for place in self.places:
            self.run(place, "ip link set lo up", *(f"sysctl -qw {each}" for each in SYSCTLS))
        for net in range(last):
            there = f"/proc/{os.getpid()}/fd/{self.places[net + 1].descriptor}"
            self.run(self.places[net], f"ip link add right type veth peer name left netns {there}")
            self.run(self.places[net], *self._side(net, "right", 1))
            self.run(self.places[net + 1], *self._side(net, "left", 2))
        for number, place in enumerate(self.places):
            for net in range(last):
                if net > number:
                    self.route(place, net, via_net=number, host=2)
                elif net < number - 1:
                    self.route(place, net, via_net=number - 1, host=1)

    @staticmethod
    def _side(net: int, device: str, host: int) -> list[str]:
        return [
            f"ip addr add 198.18.{net}.{host}/24 dev {device}",
            f"ip addr add 2001:2:0:{net}::{host}/64 dev {device} nodad",
            f"ip link set {device} up",
        ]

    def route(self, place: Namespace, net: int, *, via_net: int, host: int) -> None:
        self.run(
            place,
            f"ip route add 198.18.{net}.0/24 via 198.18.{via_net}.{host}",
            f"ip route add 2001:2:0:{net}::/64 via 2001:2:0:{via_net}::{host}",
        )

    @staticmethod
    def run(place: Namespace, *commands: str) -> None:
        with place.inside():
            for command in commands:
                subprocess.run(command.split(" "), check=True, timeout=10)

    def close(self) -> None:
        for place in self.places:
            place.close()


@pytest.fixture
def chain() -> Iterator[Chain]:
    if (reason := reason_against()) is not None:
        pytest.skip(reason)
    made = Chain()
    yield made
    made.close()


@pytest.fixture
def stop() -> Iterator[Stop]:
    made = Stop()
    yield made
    made.close()


def address_of(net: int, host: int, *, family: int) -> str:
    return str(ip_address(f"198.18.{net}.{host}" if family == 4 else f"2001:2:0:{net}::{host}"))


def server(*, family: int) -> Address:
    return Address(text=address_of(ROUTERS, 2, family=family), family=family)


@pytest.fixture(params=["raw", "dgram"])
def trace(request: pytest.FixtureRequest, chain: Chain, stop: Stop) -> Callable[..., list[Trace]]:
    def made(*addresses: Address) -> list[Trace]:
        with chain.places[0].inside():
            return Tracer(kind=request.param).trace(addresses, stop=stop)

    return made


def test_every_router_stands_in_its_place(trace: Callable[..., list[Trace]]) -> None:
    for family in (4, 6):
        (found,) = trace(server(family=family))

        assert found.reached
        assert [hop.addresses for hop in found.hops] == [
            [address_of(net, 2, family=family)] for net in range(ROUTERS + 1)
        ]
        assert [hop.kinds for hop in found.hops] == [["time_exceeded"]] * ROUTERS + [["reply"]]
        assert all(NO_ANSWER not in hop.rtt_us for hop in found.hops)


def test_both_families_and_many_targets_at_once(trace: Callable[..., list[Trace]]) -> None:
    targets = [
        Address(text=address_of(net, 2, family=family), family=family)
        for net in range(4)
        for family in (4, 6)
    ]

    found = trace(*targets)

    assert [each.address for each in found] == [target.text for target in targets]
    assert [len(each.hops) for each in found] == [net + 1 for net in range(4) for _ in (4, 6)]
    assert all(each.reached for each in found)


def test_a_router_that_says_nothing_is_a_gap(chain: Chain, trace: Callable[..., list[Trace]]) -> None:
    chain.run(chain.places[2], "iptables -w -A OUTPUT -p icmp --icmp-type time-exceeded -j DROP")
    (found,) = trace(server(family=4))

    assert [hop.addresses for hop in found.hops][1] == []
    assert found.hops[1].rtt_us == [NO_ANSWER] * 3
    assert found.reached


def test_a_server_that_drops_pings_is_not_reached(chain: Chain, trace: Callable[..., list[Trace]]) -> None:
    chain.run(chain.places[-1], "iptables -w -A INPUT -p icmp -j DROP")
    (found,) = trace(server(family=4))

    assert not found.reached
    assert len(found.hops) == ROUTERS
    assert found.error is None


@pytest.mark.parametrize(
    ("reject", "kind"), [("icmp-host-unreachable", "unreachable"), ("icmp-admin-prohibited", "prohibited")]
)
def test_a_router_that_refuses_ends_the_path(
    chain: Chain, trace: Callable[..., list[Trace]], reject: str, kind: str
) -> None:
    chain.run(chain.places[2], f"iptables -w -A FORWARD -p icmp -j REJECT --reject-with {reject}")
    (found,) = trace(server(family=4))

    assert not found.reached
    assert (found.hops[-1].kinds, found.hops[-1].addresses) == ([kind], [address_of(1, 2, family=4)])


def test_no_way_is_told(trace: Callable[..., list[Trace]]) -> None:
    (found,) = trace(Address(text="198.19.0.1", family=4))

    assert found.hops == ()
    assert found.error is not None
    assert "ENETUNREACH" in found.error


def test_a_stop_ends_it(chain: Chain, stop: Stop) -> None:
    stop.request()
    with chain.places[0].inside():
        (found,) = Tracer(kind="raw").trace([server(family=4)], stop=stop)

    assert (found.reached, found.hops, found.error) == (False, (), None)
