"""A window: so many hosts are there at once, and the next is made when one is gone."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from orchestrator.decide.actions import Action, CreateHost, RemoveHost, StartTester
from orchestrator.decide.host import Host, HostState


class Window:
    """The places for hosts, and who holds them.

    `busy` are testers that are worked on: each holds a place, whatever the journal has of it at this
    moment, for its host may be gone and the next not yet written down.
    """

    def __init__(self, *, size: int, hosts: Iterable[Host], busy: Collection[str]) -> None:
        self._busy = busy
        self._made: set[str] = set()
        places = dict.fromkeys(busy, 0)
        for host in hosts:
            # A host that is planned is a name and nothing else: its place is given anew.
            if host.live and (host.state is not HostState.PLANNED or host.tester in busy):
                self._made.add(host.name)
                places[host.tester] = places.get(host.tester, 0) + 1
        self._free = size - sum(max(1, count) for count in places.values())

    def held(self, actions_of: Mapping[str, Sequence[Action]]) -> dict[str, list[Action]]:
        """Return the actions of each tester, without the hosts for which there is no place now."""
        kept = {name: list(actions) for name, actions in actions_of.items()}
        for name in sorted(kept, key=lambda name: (_is_new(kept[name]), name)):
            if name not in self._busy and not self._gets_place(kept[name]):
                kept[name] = list(_without_new_host(kept[name]))
        return kept

    def _gets_place(self, actions: Sequence[Action]) -> bool:
        """Return whether a tester's new host, if it wants one, has a place; it is taken then."""
        if not any(isinstance(action, CreateHost) for action in actions):
            return True
        # What it gives back before is its own: to others it is gone only when it is seen to be gone.
        own = sum(isinstance(action, RemoveHost) and action.host_name in self._made for action in actions)
        if self._free + own < 1:
            return False
        if own == 0:
            self._free -= 1
        return True


def _is_new(actions: Iterable[Action]) -> bool:
    """Return whether a host is wanted that has no name yet: those that have one come first."""
    return any(isinstance(action, CreateHost) and action.host_name is None for action in actions)


def _without_new_host(actions: Iterable[Action]) -> Iterator[Action]:
    for action in actions:
        is_start_on_it = isinstance(action, StartTester) and action.host_name is None
        if not isinstance(action, CreateHost) and not is_start_on_it:
            yield action
