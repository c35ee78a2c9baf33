"""What holds for every plan."""

import random
from dataclasses import replace
from uuid import uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.decide.actions import changes
from orchestrator.decide.facts import KnownRun, RunState, Sweep
from orchestrator.decide.host import Host, HostState
from orchestrator.decide.plan import plan, plan_down
from orchestrator.decide.told import digest_of_job
from orchestrator.fleet.model import Fleet
from tests.orchestrator.decide.world import NOON, SPACE, SWEEP, Crash, World, a_fleet, a_host, a_run

WANTED = ("bergen", "oslo", "tromso")
ANYBODY = (*WANTED, "gone")
OLD_SWEEP = Sweep(sweep_id=uuid5(SPACE, "old"), started_at=NOON, finished_at=NOON)

fleets = st.builds(
    a_fleet,
    st.just("bergen"),
    st.just("oslo"),
    st.just("tromso"),
    repeat=st.sampled_from([1, 3, None]),
    count=st.sampled_from([3, 4]),
    server=st.sampled_from(["127.0.0.1", "127.0.0.2"]),
)


@st.composite
def host_lists(draw: st.DrawFn, *, most_each: int = 1) -> list[Host]:
    """Hosts of any tester in any state, told anything by any sweep."""
    hosts = []
    for tester in ANYBODY:
        for number in range(draw(st.integers(0, most_each))):
            fleet = draw(fleets)
            told = fleet.tester(tester) or fleet.testers[0]
            digest = digest_of_job(fleet=fleet, tester=told)
            state = draw(st.sampled_from(HostState))
            hosts.append(
                a_host(
                    f"{tester}-old-{number}",
                    tester,
                    state,
                    failed=state is HostState.FAILED or draw(st.booleans()),
                    job_digest=draw(st.sampled_from([None, digest])),
                    sweep_id=draw(st.sampled_from([None, SWEEP.sweep_id, OLD_SWEEP.sweep_id])),
                    attempts=draw(st.integers(1, 3)),
                )
            )
    return hosts


run_lists = st.lists(
    st.builds(
        a_run,
        st.sampled_from(ANYBODY),
        st.integers(0, 3),
        st.sampled_from(RunState),
        expected_s=st.sampled_from([0.0, -3_600.0]),
    ),
    max_size=6,
    unique_by=lambda run: (run.tester, run.index),
)


def a_world(fleet: Fleet, hosts: list[Host], runs: list[KnownRun]) -> World:
    return World(
        fleet=fleet, hosts={host.name: host for host in hosts}, runs={run.run_id: run for run in runs}
    )


@given(fleet=fleets, hosts=host_lists(most_each=3), runs=run_lists)
def test_after_a_plan_no_tester_has_two_live_hosts(
    fleet: Fleet, hosts: list[Host], runs: list[KnownRun]
) -> None:
    world = a_world(fleet, hosts, runs)

    world.up()

    assert all(count == 1 for count in world.live_counts())


@given(fleet=fleets, hosts=host_lists(), runs=run_lists, replace_names=st.sets(st.sampled_from(WANTED)))
def test_at_no_moment_has_a_tester_two_live_hosts(
    fleet: Fleet, hosts: list[Host], runs: list[KnownRun], replace_names: set[str]
) -> None:
    world = a_world(fleet, hosts, runs)

    world.up(replace=replace_names)

    assert world.most_live <= 1


@given(fleet=fleets, hosts=host_lists(most_each=2), runs=run_lists)
def test_applying_a_plan_and_planning_again_gives_no_change(
    fleet: Fleet, hosts: list[Host], runs: list[KnownRun]
) -> None:
    world = a_world(fleet, hosts, runs)

    world.up()

    assert world.up() == []


@given(fleet=fleets, hosts=host_lists(most_each=2), runs=run_lists)
def test_the_order_of_the_input_changes_nothing(
    fleet: Fleet, hosts: list[Host], runs: list[KnownRun]
) -> None:
    shuffled_fleet = fleet.model_copy(update={"testers": fleet.testers[::-1], "servers": fleet.servers[::-1]})
    chance = random.Random(0)

    straight = plan(fleet=fleet, hosts=hosts, runs=runs, now=NOON, sweep=SWEEP)
    shuffled = plan(
        fleet=shuffled_fleet,
        hosts=chance.sample(hosts, len(hosts)),
        runs=chance.sample(runs, len(runs)),
        now=NOON,
        sweep=SWEEP,
    )

    assert shuffled == straight
    assert plan_down(hosts=hosts[::-1], now=NOON) == plan_down(hosts=hosts, now=NOON)


@given(fleet=fleets, hosts=host_lists(most_each=3), runs=run_lists)
def test_down_removes_every_host(fleet: Fleet, hosts: list[Host], runs: list[KnownRun]) -> None:
    world = a_world(fleet, hosts, runs)

    world.down()

    assert world.live() == []
    assert world.down() == []


@given(fleet=fleets, hosts=host_lists(most_each=2), runs=run_lists)
def test_a_finished_sweep_creates_and_starts_nothing(
    fleet: Fleet, hosts: list[Host], runs: list[KnownRun]
) -> None:
    finished = replace(SWEEP, finished_at=NOON)

    actions = plan(fleet=fleet, hosts=hosts, runs=runs, now=NOON, sweep=finished)

    assert {type(action).__name__ for action in actions} <= {"DrainHost", "RemoveHost", "AbandonRun"}
    world = replace(a_world(fleet, hosts, runs), sweep=finished)
    world.apply_all(actions)
    assert world.up() == []


@given(
    fleet=fleets,
    steps=st.lists(
        st.tuples(st.sampled_from(["up", "live", "down", "edit"]), st.integers(0, 12)), max_size=6
    ),
)
@settings(max_examples=200)
def test_from_every_state_of_a_crash_down_leaves_nothing_and_up_completes(
    fleet: Fleet, steps: list[tuple[str, int]]
) -> None:
    world = World(fleet=fleet)
    for step, moves in steps:
        world.moves_left = moves
        try:
            match step:
                case "up":
                    world.up()
                case "live":
                    world.live_on()
                case "down":
                    world.down()
                case "edit":
                    world.fleet = a_fleet("oslo", "bodo", repeat=fleet.run.repeat, count=7)
        except Crash:
            pass
    world.moves_left = None
    other = replace(world, hosts=dict(world.hosts), runs=dict(world.runs))

    other.down()
    assert other.live() == []

    world.up()
    world.live_on()
    for _ in range(3):
        world.up()
        world.live_on()
    assert world.up() == []
    if fleet.run.repeat is not None:
        assert all(world.ended(tester.name) >= fleet.run.repeat for tester in world.fleet.testers)
    assert world.most_live <= 1


@given(hosts=host_lists(most_each=2), runs=run_lists, only=st.sets(st.sampled_from(WANTED)))
def test_only_leaves_all_others_as_they_are(hosts: list[Host], runs: list[KnownRun], only: set[str]) -> None:
    tester_of = {host.name: host.tester for host in hosts}

    actions = plan(fleet=a_fleet(*WANTED), hosts=hosts, runs=runs, now=NOON, sweep=SWEEP, only=only)

    touched = {
        getattr(action, "tester_name", None) or tester_of[getattr(action, "host_name", "")]
        for action in changes(actions)
    }
    assert touched <= only
