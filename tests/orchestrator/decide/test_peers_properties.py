"""What holds for every plan of testers that measure each other."""

import random
from contextlib import suppress
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.decide.actions import Action, ReplaceTester, StartTester, changes
from orchestrator.decide.facts import KnownRun
from orchestrator.decide.host import Host, HostEvent, IllegalMove
from orchestrator.decide.peers import HAS_ADDRESS, servers_of
from orchestrator.decide.plan import plan
from orchestrator.decide.told import digest_of_job
from orchestrator.fleet.model import Fleet, Probe, Run, Server, Tester
from tests.orchestrator.decide.test_plan_properties import WANTED, host_lists, run_lists
from tests.orchestrator.decide.world import NOON, SWEEP, Crash, World

EVERYBODY = {name: f"192.0.2.{number}" for number, name in enumerate(WANTED, start=1)}


@dataclass
class PeerWorld(World):
    """A world whose hosts have addresses, all but those of `without`; hosts of `doomed` are never made."""

    without: frozenset[str] = frozenset()
    doomed: frozenset[str] = frozenset()
    told_servers: dict[str, int] = field(default_factory=dict)

    @property
    def addresses(self) -> dict[str, str]:
        return {
            host.tester: EVERYBODY[host.tester]
            for host in self.hosts.values()
            if host.state in HAS_ADDRESS and host.tester in EVERYBODY and host.tester not in self.without
        }

    def up(self, **arguments: object) -> list[Action]:
        return super().up(**({"addresses": self.addresses} | arguments))

    def apply_all(self, actions: list[Action]) -> None:
        failed: set[str] = set()
        for action in actions:
            tester = getattr(action, "tester_name", None)
            if tester in failed:
                continue
            self.apply(action)
            if tester in self.doomed and type(action).__name__ == "CreateHost":
                failed.add(tester)
                self.fail(tester)

    def fail(self, tester: str) -> None:
        for host in list(self.hosts.values()):
            if host.tester == tester and host.live:
                try:
                    self._move(host.name, HostEvent.FAILED)
                except IllegalMove:
                    continue

    def _told(self, name: str) -> None:
        host = self.hosts[name]
        tester = self.fleet.tester(host.tester)
        assert tester is not None
        digest = digest_of_job(fleet=self.fleet, tester=tester, addresses=self.addresses)
        self.told_servers[name] = len(servers_of(self.fleet, tester, addresses=self.addresses))
        self.hosts[name] = replace(host, job_digest=digest, sweep_id=self.sweep.sweep_id)


def a_fleet(*, repeat: int | None, static: bool) -> Fleet:
    more = (Server(name="loopback", host="127.0.0.1"),) if static else ()
    return Fleet(
        name="demo",
        testers=tuple(Tester(name=name, driver="amazonec2", probe=Probe(count=3)) for name in WANTED),
        servers=(*more, Server(name="testers", group="peers", from_testers=True)),
        run=Run(repeat=repeat, every_s=1.0),
    )


fleets = st.builds(a_fleet, repeat=st.sampled_from([1, 3, None]), static=st.booleans())
some = st.frozensets(st.sampled_from(WANTED))


@given(fleet=fleets, hosts=host_lists(most_each=2), runs=run_lists, without=some, doomed=some)
@settings(max_examples=200)
def test_planning_again_and_again_comes_to_rest_and_every_run_ends(
    fleet: Fleet, hosts: list[Host], runs: list[KnownRun], without: frozenset[str], doomed: frozenset[str]
) -> None:
    world = PeerWorld(
        fleet=fleet,
        hosts={host.name: host for host in hosts},
        runs={run.run_id: run for run in runs},
        without=without,
        doomed=doomed,
    )

    for _ in range(12):
        if not world.up():
            world.live_on()
    assert world.up() == []

    if fleet.run.repeat is not None:
        assert all(world.ended(name) >= fleet.run.repeat for name in WANTED)
    assert all(count == 1 for count in world.live_counts())


@given(fleet=fleets, without=some, doomed=some, failing=st.lists(st.sampled_from(WANTED), max_size=3))
def test_nobody_is_told_to_measure_nobody(
    fleet: Fleet, without: frozenset[str], doomed: frozenset[str], failing: list[str]
) -> None:
    world = PeerWorld(fleet=fleet, without=without, doomed=doomed)

    for tester in [*failing, *WANTED]:
        world.up()
        world.fail(tester)

    assert all(count > 0 for count in world.told_servers.values()), world.told_servers


@given(doomed=some, static=st.booleans(), repeat=st.sampled_from([1, 3]))
def test_whoever_is_started_is_told_every_peer_that_there_will_be(
    doomed: frozenset[str], static: bool, repeat: int
) -> None:
    world = PeerWorld(fleet=a_fleet(repeat=repeat, static=static), doomed=doomed)

    for _ in range(12):
        world.up()

    made = {host.tester for host in world.live()}
    assert made == set(WANTED) - doomed
    told = {world.hosts[name].tester: count for name, count in world.told_servers.items()}
    for name in made if len(made) > 1 else ():
        assert told[name] == len(made) - 1 + static


@given(fleet=fleets, hosts=host_lists(most_each=2), runs=run_lists, known=some)
def test_the_order_of_the_input_changes_nothing(
    fleet: Fleet, hosts: list[Host], runs: list[KnownRun], known: frozenset[str]
) -> None:
    turned = fleet.model_copy(update={"testers": fleet.testers[::-1], "servers": fleet.servers[::-1]})
    addresses = {name: EVERYBODY[name] for name in known}
    chance = random.Random(0)

    straight = plan(fleet=fleet, hosts=hosts, runs=runs, now=NOON, sweep=SWEEP, addresses=addresses)
    shuffled = plan(
        fleet=turned,
        hosts=chance.sample(hosts, len(hosts)),
        runs=chance.sample(runs, len(runs)),
        now=NOON,
        sweep=SWEEP,
        addresses=dict(reversed(addresses.items())),
    )

    assert shuffled == straight


@given(
    fleet=fleets,
    without=some,
    steps=st.lists(st.tuples(st.sampled_from(["up", "live", "down"]), st.integers(0, 12)), max_size=6),
)
@settings(max_examples=200)
def test_from_every_state_of_a_crash_up_completes_and_down_leaves_nothing(
    fleet: Fleet, without: frozenset[str], steps: list[tuple[str, int]]
) -> None:
    world = PeerWorld(fleet=fleet, without=without)
    for step, moves in steps:
        world.moves_left = moves
        with suppress(Crash):
            match step:
                case "up":
                    world.up()
                case "live":
                    world.live_on()
                case "down":
                    world.down()
    world.moves_left = None

    for _ in range(8):
        if not world.up():
            world.live_on()
    assert world.up() == []
    if fleet.run.repeat is not None:
        assert all(world.ended(name) >= fleet.run.repeat for name in WANTED)
    world.down()
    assert world.live() == []


@given(fleet=fleets, hosts=host_lists(), known=some)
def test_an_only_that_leaves_peers_out_does_not_wait_for_them(
    fleet: Fleet, hosts: list[Host], known: frozenset[str]
) -> None:
    ready = [host for host in hosts if host.tester != "oslo"]
    addresses = {name: EVERYBODY[name] for name in known | {"bergen"}}

    actions = plan(
        fleet=fleet, hosts=ready, runs=[], now=NOON, sweep=SWEEP, only={"oslo"}, addresses=addresses
    )

    begun = [action for action in changes(actions) if isinstance(action, StartTester | ReplaceTester)]
    assert [action.tester_name for action in begun] == ["oslo"]
