"""A sweep through a window: never more hosts than places, and in the end everybody has measured."""

from contextlib import suppress
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.decide.actions import (
    Action,
    CreateHost,
    DrainHost,
    RemoveHost,
    StartTester,
    changes,
)
from orchestrator.decide.facts import RunState
from orchestrator.decide.host import HostState
from orchestrator.decide.plan import plan
from orchestrator.decide.told import digest_of_job
from orchestrator.fleet.model import Fleet
from tests.orchestrator.decide.world import NOON, SWEEP, Crash, World, a_fleet, a_host, a_run

FIVE = a_fleet("bergen", "bodo", "hamar", "oslo", "tromso", repeat=2)
MOST_STEPS = 600


@dataclass
class Crew:
    """Testers that are worked on while plans are made: the next action of one of them, then a plan."""

    world: World
    window: int
    under_way: dict[str, list[Action]] = field(default_factory=dict)
    most_made: int = 0

    def begin(self) -> list[Action]:
        todo = plan(
            fleet=self.world.fleet,
            hosts=self.world.hosts.values(),
            runs=self.world.runs.values(),
            now=NOON,
            sweep=self.world.sweep,
            window=self.window,
            busy=self.under_way.keys(),
        )
        busy = set(self.under_way)
        for action in changes(todo):
            name = self._tester(action)
            if name not in busy:
                self.under_way.setdefault(name, []).append(action)
        return changes(todo)

    def advance(self, choice: int) -> None:
        names = sorted(self.under_way)
        name = names[choice % len(names)]
        actions = self.under_way[name]
        self.world.apply(actions.pop(0))
        if not actions:
            del self.under_way[name]
        self.most_made = max(self.most_made, made(self.world))

    def _tester(self, action: Action) -> str:
        if isinstance(action, RemoveHost):
            return self.world.hosts[action.host_name].tester
        return action.tester_name


def made(world: World) -> int:
    """Return how many hosts may be there, by the journal."""
    return sum(host.live and host.state is not HostState.PLANNED for host in world.hosts.values())


def sweep_through(crew: Crew, choices: list[int]) -> None:
    """Plan and work in turns as chance has it, until nothing is to be done."""
    for step in range(MOST_STEPS):
        # Whatever chance has it, now and then somebody works.
        choice = choices[step % len(choices)] if step % 4 else 3 * step + 1
        if choice % 3 == 0 or not crew.under_way:
            if crew.begin() == [] and not crew.under_way:
                before = len(crew.world.runs)
                crew.world.live_on()
                if len(crew.world.runs) == before and crew.begin() == []:
                    return
        else:
            crew.advance(choice)
        if choice % 5 == 0:
            live_on_idle(crew)
    raise AssertionError("it does not come to an end")


def live_on_idle(crew: Crew) -> None:
    """Let the testers make their runs that nobody works on at this moment."""
    world = crew.world
    others = {name: host for name, host in world.hosts.items() if host.tester in crew.under_way}
    for name in others:
        del world.hosts[name]
    world.live_on()
    world.hosts.update(others)


def kinds(actions: list[Action]) -> list[str]:
    return [type(action).__name__ for action in actions]


def is_measured(world: World) -> bool:
    return all(world.ended(tester.name) >= 2 for tester in world.fleet.testers)


def planned(*, window: int, world: World, busy: tuple[str, ...] = ()) -> list[Action]:
    return plan(
        fleet=world.fleet,
        hosts=world.hosts.values(),
        runs=world.runs.values(),
        now=NOON,
        sweep=SWEEP,
        window=window,
        busy=busy,
    )


def test_only_as_many_hosts_are_made_as_there_are_places() -> None:
    assert planned(window=2, world=World(fleet=FIVE)) == [
        CreateHost(tester_name="bergen", reason="has no host"),
        StartTester(tester_name="bergen", reason="new host"),
        CreateHost(tester_name="bodo", reason="has no host"),
        StartTester(tester_name="bodo", reason="new host"),
    ]


def test_a_host_that_has_made_its_runs_is_drained_and_removed_before_the_next_is_made() -> None:
    world = World(fleet=FIVE)
    for tester in ("bergen", "bodo"):
        digest = digest_of_job(fleet=FIVE, tester=FIVE.testers[0])
        host = a_host(tester, tester, HostState.RUNNING, job_digest=digest, sweep_id=SWEEP.sweep_id)
        world.hosts[tester] = host
    for index in range(2):
        run = a_run("bergen", index, RunState.COMPLETE)
        world.runs[run.run_id] = run

    todo = changes(planned(window=2, world=world))

    assert todo == [
        DrainHost(host_name="bergen", tester_name="bergen", reason="has made its runs"),
        RemoveHost(host_name="bergen", reason="has made its runs"),
    ]
    world.apply_all(todo)
    assert kinds(changes(planned(window=2, world=world))) == ["CreateHost", "StartTester"]


def test_a_tester_that_is_worked_on_holds_its_place_between_two_hosts() -> None:
    todo = planned(window=1, world=World(fleet=a_fleet("oslo", "bodo")), busy=("oslo",))

    assert {action.tester_name for action in todo if isinstance(action, CreateHost)} == {"oslo"}


def test_a_host_that_was_planned_before_a_crash_comes_before_new_ones() -> None:
    world = World(fleet=FIVE)
    world.hosts["h"] = a_host("h", "tromso", HostState.PLANNED)

    assert planned(window=1, world=world)[0] == CreateHost(
        tester_name="tromso", reason="was about to be made", host_name="h"
    )


def test_a_failed_host_is_replaced_in_its_own_place() -> None:
    world = World(fleet=FIVE)
    world.hosts["h"] = a_host("h", "tromso", HostState.FAILED, failed=True)

    todo = planned(window=1, world=world)

    assert kinds(todo) == ["RemoveHost", "CreateHost", "StartTester"]


def test_more_hosts_than_places_get_no_company() -> None:
    world = World(fleet=FIVE)
    for tester in ("bergen", "bodo", "hamar"):
        world.hosts[tester] = a_host(tester, tester, HostState.FAILED, failed=True)

    assert kinds(planned(window=2, world=world)) == ["RemoveHost"] * 3


def test_runs_that_are_lost_are_abandoned_although_there_is_no_place() -> None:
    world = World(fleet=FIVE)
    world.hosts["h"] = a_host("h", "bergen", HostState.REMOVING)
    lost = a_run("tromso", 0, RunState.ANNOUNCED)
    world.runs[lost.run_id] = lost

    todo = planned(window=1, world=world)

    assert kinds(todo) == ["RemoveHost", "CreateHost", "StartTester", "AbandonRun"]


@given(window=st.integers(1, 4), choices=st.lists(st.integers(0, 40), min_size=1, max_size=60))
@settings(max_examples=150)
def test_never_more_hosts_than_places_and_all_are_removed_when_all_have_measured(
    window: int, choices: list[int]
) -> None:
    crew = Crew(world=World(fleet=FIVE), window=window)

    sweep_through(crew, choices)

    assert 1 <= crew.most_made <= window
    assert crew.world.live() == []
    assert is_measured(crew.world)
    assert all(run.state is RunState.COMPLETE for run in crew.world.runs.values())


@given(
    window=st.integers(1, 3),
    crashes=st.lists(st.tuples(st.integers(0, 25), st.integers(0, 40)), max_size=5),
    goes_down=st.booleans(),
)
@settings(max_examples=150)
def test_after_a_crash_at_any_record_the_sweep_goes_on_or_goes_down(
    window: int, crashes: list[tuple[int, int]], goes_down: bool
) -> None:
    world = World(fleet=FIVE)
    for moves, choice in crashes:
        crew = Crew(world=world, window=window)
        world.moves_left = moves
        with suppress(Crash):
            sweep_through(crew, [choice, choice + 1, choice + 4])
        assert max(crew.most_made, made(world)) <= window
    world.moves_left = None

    if goes_down:
        world.down()
        assert world.live() == []
        return
    crew = Crew(world=world, window=window)
    sweep_through(crew, [1, 2, 3])
    assert crew.most_made <= window
    assert world.live() == []
    assert is_measured(world)
    assert world.most_live <= 1


@given(fleet=st.sampled_from([FIVE, a_fleet("oslo"), a_fleet("bodo", "oslo", repeat=1)]))
def test_a_window_as_wide_as_the_fleet_makes_all_hosts_at_once(fleet: Fleet) -> None:
    assert planned(window=len(fleet.testers), world=World(fleet=fleet)) == plan(
        fleet=fleet, hosts=[], runs=[], now=NOON, sweep=SWEEP
    )
