"""Testers that measure each other: whom each of them is told, and who waits for whom."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address

from orchestrator.decide.actions import (
    AbandonRun,
    Action,
    CreateHost,
    KeepHost,
    ReplaceTester,
    StartTester,
    UpdateJob,
)
from orchestrator.decide.delivery import is_on_this_machine
from orchestrator.decide.facts import Sweep
from orchestrator.decide.host import Host, HostState
from orchestrator.fleet.model import Fleet, Tester
from wire.job import JobServer

HAS_ADDRESS = frozenset(
    {HostState.READY, HostState.STARTING, HostState.RUNNING, HostState.FINISHED, HostState.DRAINING}
)
"""States of a host that others may measure: it is made, and nothing is known to be wrong with it."""

WAIT_SHARE = 0.5
"""The share of `limits.deadline` that a host waits for its peers: the rest is for measuring."""

NOBODY = "nobody to measure: no other tester has an address that it can reach"

NAMED = 5
"""Testers that a reason names, at most."""


def has_peers(fleet: Fleet) -> bool:
    """Return whether testers of a fleet measure each other."""
    return any(server.from_testers for server in fleet.servers)


def servers_of(fleet: Fleet, tester: Tester, *, addresses: Mapping[str, str]) -> tuple[JobServer, ...]:
    """Return what a tester measures; `from: testers` becomes every other tester with an address.

    A peer has its tester's name, and the entry's before it (`testers-oslo`) where that is taken.
    """
    return tuple(
        JobServer(name=server.name, host=server.host, group=server.group)
        for server in fleet.servers
        if server.host is not None
    ) + peers_of(fleet, tester, addresses=addresses)


def peers_of(fleet: Fleet, tester: Tester, *, addresses: Mapping[str, str]) -> tuple[JobServer, ...]:
    """Return the servers that a tester's peers are to it; `addresses` is by tester.

    An address of the loopback is one for testers of this machine alone. Names do not depend on which
    addresses are known: a server keeps its name.
    """
    taken = {server.name for server in fleet.servers if server.host is not None}
    peers: list[JobServer] = []
    for server in fleet.servers:
        if not server.from_testers:
            continue
        for other in fleet.testers:
            name = other.name
            while name in taken:
                name = f"{server.name}-{name}"
            taken.add(name)
            address = addresses.get(other.name)
            if other.name != tester.name and address is not None and _is_reached(address, tester):
                peers.append(JobServer(name=name, host=address, group=server.group))
    return tuple(peers)


class Peers:
    """Who of a fleet measures whom, as far as addresses are known now."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        addresses: Mapping[str, str],
        hosts: Iterable[Host],
        sweep: Sweep | None,
        now: datetime,
    ) -> None:
        self._fleet = fleet
        self._addresses = addresses
        self._hosts = {host.name: host for host in hosts}
        self._sweep = sweep
        self._now = now

    def held(
        self,
        actions: Iterable[Action],
        *,
        tester: Tester,
        coming: Collection[str],
        abandoned: Callable[[str], Iterable[AbandonRun]],
    ) -> Iterator[Action]:
        """Yield a tester's actions, without the starts that have to wait for its peers.

        `coming` are the others whose hosts are still to be made. With an end to its runs, a tester
        waits for them: all of a sweep measure the same servers. Without an end it begins with those
        that are known. Nobody begins with nobody to measure; where nobody is coming either, what
        `abandoned` gives for a reason is yielded: the sweep does not wait for it.
        """
        has_servers = bool(servers_of(self._fleet, tester, addresses=self._addresses))
        for action in actions:
            match action:
                case StartTester() | ReplaceTester():
                    if has_servers and not self._waits(action, coming=coming):
                        yield action
                        continue
                    if not has_servers and not coming:
                        yield from abandoned(NOBODY)
                    reason = f"waits for the address of {_some(sorted(coming))}" if coming else NOBODY
                    if action.host_name is not None:
                        yield KeepHost(host_name=action.host_name, tester_name=tester.name, reason=reason)
                case UpdateJob() if not has_servers:
                    # A run of nothing would end as complete.
                    yield KeepHost(
                        host_name=action.host_name,
                        tester_name=tester.name,
                        reason="keeps its servers: no other tester has an address now",
                    )
                case _:
                    yield action

    def _waits(self, action: StartTester | ReplaceTester, *, coming: Collection[str]) -> bool:
        if not coming or self._fleet.run.repeat is None:
            return False
        host = None if action.host_name is None else self._hosts.get(action.host_name)
        if host is None or self._sweep is None:
            return True
        share = timedelta(seconds=self._fleet.limits.deadline_s * WAIT_SHARE)
        has_waited = max(host.since, self._sweep.started_at) + share <= self._now
        return host.state is not HostState.STARTING and not has_waited


def coming_of(actions_of: Mapping[str, Iterable[Action]]) -> frozenset[str]:
    """Return the testers whose hosts are still to be made, by the actions of all."""
    return frozenset(
        name
        for name, actions in actions_of.items()
        if any(isinstance(action, CreateHost) for action in actions)
    )


def _is_reached(address: str, tester: Tester) -> bool:
    try:
        is_loopback = ip_address(address).is_loopback
    except ValueError:
        return True
    return not is_loopback or is_on_this_machine(tester)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"
