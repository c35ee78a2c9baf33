"""From the fleet, its hosts, its runs and the clock to actions."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from orchestrator.decide.actions import Action
from orchestrator.decide.facts import KnownRun, Sweep
from orchestrator.decide.host import Host
from orchestrator.decide.lane import Lane, removal
from orchestrator.decide.peers import Peers, coming_of, has_peers
from orchestrator.decide.told import digests_of_jobs
from orchestrator.decide.window import Window
from orchestrator.errors import ConfigurationError
from orchestrator.fleet.model import Fleet
from orchestrator.fleet.nearest import did_you_mean
from orchestrator.patience import Patience

ATTEMPTS = Patience().create_attempts


def plan(
    *,
    fleet: Fleet,
    hosts: Iterable[Host],
    runs: Iterable[KnownRun],
    now: datetime,
    sweep: Sweep | None = None,
    only: Collection[str] | None = None,
    replace: Collection[str] = (),
    again: bool = False,
    attempts: int = ATTEMPTS,
    addresses: Mapping[str, str] | None = None,
    window: int | None = None,
    busy: Collection[str] = (),
    image: str = "",
) -> list[Action]:
    """Return what brings hosts and testers to what the fleet says and the open sweep to its end.

    Nothing may be under way: a host that is CREATING was left so by an orchestrator that is gone.
    `hosts` are all that the journal has of this fleet, `runs` at least those of `sweep`. `sweep` is
    the newest one; None: none was begun. With a finished one nothing is measured, unless `again`
    asks for a new one. `only` leaves all other testers as they are; `replace` names testers that get
    new hosts. A tester of which `attempts` hosts have failed gets no other in this sweep, but by
    `replace`. `addresses` are those of the hosts, by tester, where testers measure each other: starts
    wait for them. None: nobody has looked, and nothing waits. With `window` at most so many hosts are
    there at once: who has made its runs is removed, and the next host is made; `busy` are testers that
    are worked on, each of which holds a place. `image` is what containers are made from now: those that
    were made from another are replaced, each between two runs of its tester. Raise `ConfigurationError`
    for a name in `only` or `replace` that no tester has.

    Actions of one tester come in the order in which they are to be applied; those of different
    testers do not depend on each other.
    """
    hosts = list(hosts)
    _check_names(fleet, hosts, only=only, replace=replace)
    if again and sweep is not None and sweep.finished_at is not None:
        sweep = None
    measuring = sweep is None or sweep.finished_at is None
    hosts_of: dict[str, list[Host]] = defaultdict(list)
    for host in hosts:
        hosts_of[host.tester].append(host)
    runs_of: dict[str, list[KnownRun]] = defaultdict(list)
    for run in runs:
        if sweep is not None and run.sweep_id == sweep.sweep_id:
            runs_of[run.tester].append(run)
    digests = digests_of_jobs(fleet, addresses=addresses, image=image)

    lanes: dict[str, Lane] = {}
    for name in sorted(digests.keys() | hosts_of.keys() | runs_of.keys()):
        if only is not None and name not in only:
            continue
        lanes[name] = Lane(
            name=name,
            hosts=hosts_of.get(name, []),
            runs=runs_of.get(name, []),
            digest=digests.get(name),
            repeat=fleet.run.repeat,
            sweep=sweep,
            now=now,
            attempts=attempts,
        )
    actions_of = {
        name: list(lane.actions(measuring=measuring, replace=name in replace, leaving=window is not None))
        for name, lane in lanes.items()
    }
    if addresses is not None and has_peers(fleet):
        peers = Peers(fleet, addresses=addresses, hosts=hosts, sweep=sweep, now=now)
        coming = coming_of(actions_of)
        for tester in fleet.testers:
            if tester.name in lanes:
                actions_of[tester.name] = list(
                    peers.held(
                        actions_of[tester.name],
                        tester=tester,
                        coming=coming - {tester.name},
                        abandoned=lanes[tester.name].given_up,
                    )
                )
    if window is not None:
        actions_of = Window(size=window, hosts=hosts, busy=busy).held(actions_of)
    return [action for actions in actions_of.values() for action in actions]


def plan_down(
    *,
    hosts: Iterable[Host],
    now: datetime,  # noqa: ARG001 - the clock is among the inputs of every plan
) -> list[Action]:
    """Return what removes every host, and saves what its tester has measured first."""
    live = sorted((host for host in hosts if host.live), key=lambda host: (host.tester, host.name))
    return [action for host in live for action in removal(host, reason="down")]


def _check_names(
    fleet: Fleet, hosts: list[Host], *, only: Collection[str] | None, replace: Collection[str]
) -> None:
    known = {tester.name for tester in fleet.testers} | {host.tester for host in hosts}
    for name in [*sorted(only or ()), *sorted(replace)]:
        if name not in known:
            hint = did_you_mean(name, known)
            raise ConfigurationError(
                f"no tester `{name}` in this fleet" + (f"; {hint}" if hint else ""),
                next_step="orchestrate plan lists the testers",
            )
