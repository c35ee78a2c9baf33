"""Plan by example."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid5

import pytest

from orchestrator.decide.actions import (
    AbandonRun,
    Action,
    CreateHost,
    DrainHost,
    KeepHost,
    RemoveHost,
    ReplaceTester,
    StartTester,
    UpdateJob,
    changes,
)
from orchestrator.decide.facts import RunState, Sweep
from orchestrator.decide.host import Host, HostState
from orchestrator.decide.plan import plan, plan_down
from orchestrator.decide.told import digest_of_job
from orchestrator.errors import ConfigurationError
from orchestrator.fleet.model import Fleet
from tests.orchestrator.decide.world import NOON, SPACE, SWEEP, World, a_fleet, a_host, a_run

EMPTY_FLEET = Fleet(name="demo")
OSLO = a_fleet("oslo")


def told(fleet: Fleet, tester: str = "oslo") -> str:
    known = fleet.tester(tester)
    assert known is not None
    return digest_of_job(fleet=fleet, tester=known)


def running(fleet: Fleet = OSLO, state: HostState = HostState.RUNNING) -> Host:
    return a_host("h1", "oslo", state, job_digest=told(fleet), sweep_id=SWEEP.sweep_id)


def planned(*, fleet: Fleet = OSLO, hosts: list[Host], **arguments: object) -> list[Action]:
    defaults: dict[str, object] = {"runs": [], "now": NOON, "sweep": SWEEP}
    return plan(fleet=fleet, hosts=hosts, **(defaults | arguments))  # type: ignore[arg-type]  # of plan


def abandoned(index: int, reason: str) -> AbandonRun:
    run = a_run("oslo", index, RunState.ANNOUNCED)
    return AbandonRun(
        run_id=run.run_id,
        tester_name="oslo",
        tester_id=run.tester_id,
        sweep_id=SWEEP.sweep_id,
        index=index,
        of=2,
        reason=reason,
    )


def test_a_tester_without_a_host_gets_one_and_is_started() -> None:
    assert planned(hosts=[], sweep=None) == [
        CreateHost(tester_name="oslo", reason="has no host"),
        StartTester(tester_name="oslo", reason="new host"),
    ]


def test_a_host_whose_tester_runs_as_the_fleet_says_is_kept() -> None:
    assert planned(hosts=[running()]) == [
        KeepHost(host_name="h1", tester_name="oslo", reason="runs as the fleet says")
    ]


def test_a_host_whose_removal_failed_is_removed_again() -> None:
    stuck = a_host("sweep7-dublin", "dublin", HostState.REMOVING)

    assert plan(fleet=EMPTY_FLEET, hosts=[stuck], runs=[], now=NOON) == [
        RemoveHost(host_name="sweep7-dublin", reason="still there")
    ]


def test_changed_probe_settings_replace_the_tester_for_the_runs_that_remain() -> None:
    changed = a_fleet("oslo", count=4)

    assert planned(fleet=changed, hosts=[running()], runs=[a_run("oslo", 0, RunState.COMPLETE)]) == [
        ReplaceTester(host_name="h1", tester_name="oslo", reason="its settings changed", first_index=1)
    ]


def test_a_changed_server_only_rewrites_the_job() -> None:
    changed = a_fleet("oslo", server="127.0.0.9")

    assert planned(fleet=changed, hosts=[running()]) == [
        UpdateJob(host_name="h1", tester_name="oslo", reason="its servers changed")
    ]


def test_the_order_of_servers_is_no_change() -> None:
    one = EMPTY_FLEET.model_copy(
        update={
            "servers": (*OSLO.servers, *a_fleet("x", server="127.0.0.2").servers),
            "testers": OSLO.testers,
        }
    )
    other = one.model_copy(update={"servers": one.servers[::-1]})

    assert told(one) == told(other)


def test_a_removed_tester_is_drained_and_its_host_removed() -> None:
    assert planned(fleet=EMPTY_FLEET, hosts=[running()], runs=[a_run("oslo", 0, RunState.ANNOUNCED)]) == [
        DrainHost(host_name="h1", tester_name="oslo", reason="its tester is not in the fleet"),
        RemoveHost(host_name="h1", reason="its tester is not in the fleet"),
        replace(abandoned(0, "its tester is not in the fleet"), of=1),
    ]


def test_a_half_made_host_is_removed_and_made_again() -> None:
    assert planned(hosts=[a_host("h1", "oslo", HostState.CREATING)]) == [
        RemoveHost(host_name="h1", reason="half made"),
        CreateHost(tester_name="oslo", reason="the one before was half made"),
        StartTester(tester_name="oslo", reason="new host"),
    ]


def test_a_planned_host_is_made_under_its_journalled_name() -> None:
    assert planned(hosts=[a_host("h1", "oslo", HostState.PLANNED)]) == [
        CreateHost(tester_name="oslo", reason="was about to be made", host_name="h1"),
        StartTester(tester_name="oslo", reason="new host"),
    ]


def test_a_failed_host_is_made_again_once() -> None:
    failed = a_host("h1", "oslo", HostState.FAILED)

    assert planned(hosts=[failed]) == [
        RemoveHost(host_name="h1", reason="failed"),
        CreateHost(tester_name="oslo", reason="the one before failed, attempt 2 of 2", attempt=2),
        StartTester(tester_name="oslo", reason="new host"),
    ]


def test_a_host_that_failed_at_its_last_attempt_is_removed_and_its_runs_are_abandoned() -> None:
    failed = a_host("h1", "oslo", HostState.FAILED, attempts=2, failed=True)

    assert planned(hosts=[failed]) == [
        RemoveHost(host_name="h1", reason="failed, and was the last attempt"),
        abandoned(0, "its host failed, attempt 2 of 2"),
        abandoned(1, "its host failed, attempt 2 of 2"),
    ]


def test_a_tester_that_was_given_up_gets_a_host_by_replace_only() -> None:
    gone = a_host("h1", "oslo", HostState.REMOVED, attempts=2, failed=True)
    fleet = a_fleet("oslo", repeat=None)

    assert planned(fleet=fleet, hosts=[gone]) == []
    assert planned(fleet=fleet, hosts=[gone], replace=["oslo"])[0] == CreateHost(
        tester_name="oslo", reason="has no host"
    )


def test_a_removed_host_that_had_not_failed_gives_nobody_up() -> None:
    gone = a_host("h1", "oslo", HostState.REMOVED, attempts=2)

    assert CreateHost(tester_name="oslo", reason="has no host") in planned(hosts=[gone])


def test_attempts_of_an_earlier_sweep_do_not_count() -> None:
    failed = a_host("h1", "oslo", HostState.FAILED, attempts=2, sweep_id=uuid5(SPACE, "earlier"))

    assert CreateHost(
        tester_name="oslo", reason="the one before failed, attempt 1 of 2", attempt=1
    ) in planned(hosts=[failed])


def test_reports_on_a_failed_host_are_saved_before_it_is_removed() -> None:
    failed = replace(running(), state=HostState.FAILED)

    assert planned(hosts=[failed])[0] == DrainHost(host_name="h1", tester_name="oslo", reason="failed")


def test_a_finished_sweep_plans_nothing() -> None:
    finished = replace(SWEEP, finished_at=NOON)

    assert planned(hosts=[running(state=HostState.FINISHED)], sweep=finished) == []
    assert planned(hosts=[], sweep=finished) == []


def test_again_measures_once_more_on_the_hosts_that_are_there() -> None:
    finished = replace(SWEEP, finished_at=NOON)
    fresh = Sweep(sweep_id=uuid5(SPACE, "fresh"), started_at=NOON)
    host = running(state=HostState.FINISHED)
    runs = [a_run("oslo", index, RunState.COMPLETE) for index in range(2)]
    expected = [ReplaceTester(host_name="h1", tester_name="oslo", reason="a new sweep")]

    assert planned(hosts=[host], runs=runs, sweep=finished, again=True) == expected
    assert planned(hosts=[host], runs=runs, sweep=fresh) == expected


def test_again_while_a_sweep_is_open_goes_on_with_it() -> None:
    assert changes(planned(hosts=[running()], again=True)) == []


def test_a_run_that_is_silent_past_its_deadline_is_abandoned() -> None:
    runs = [a_run("oslo", 0, RunState.ANNOUNCED)]

    early = planned(hosts=[running()], runs=runs, now=NOON + timedelta(seconds=10 + 360))
    late = planned(hosts=[running()], runs=runs, now=NOON + timedelta(seconds=10 + 361))

    assert changes(early) == []
    assert changes(late) == [abandoned(0, "silent past its deadline")]


def test_runs_that_an_ended_tester_has_not_handed_over_are_fetched_then_given_up() -> None:
    assert planned(hosts=[running(state=HostState.FINISHED)], runs=[a_run("oslo", 1, RunState.COMPLETE)]) == [
        DrainHost(host_name="h1", tester_name="oslo", reason="1 of 2 runs have not arrived"),
        abandoned(0, "its tester ended without it"),
    ]


def test_a_tester_whose_runs_are_forever_is_started_again_where_it_ended() -> None:
    forever = a_fleet("oslo", repeat=None)

    assert planned(
        fleet=forever,
        hosts=[running(forever, HostState.FINISHED)],
        runs=[a_run("oslo", 6, RunState.COMPLETE)],
    ) == [
        StartTester(
            tester_name="oslo",
            reason="its tester ended, and its runs have no end",
            host_name="h1",
            first_index=7,
        )
    ]


def test_replace_gives_a_tester_a_new_host_that_goes_on_where_the_old_one_stopped() -> None:
    assert planned(hosts=[running()], runs=[a_run("oslo", 0, RunState.COMPLETE)], replace=["oslo"]) == [
        DrainHost(host_name="h1", tester_name="oslo", reason="to be replaced"),
        RemoveHost(host_name="h1", reason="to be replaced"),
        CreateHost(tester_name="oslo", reason="replaces the one before"),
        StartTester(tester_name="oslo", reason="new host", first_index=1),
    ]


def test_of_two_hosts_of_one_tester_the_one_that_runs_stays() -> None:
    second = a_host("h2", "oslo", HostState.READY)

    assert planned(hosts=[second, running()]) == [
        RemoveHost(host_name="h2", reason="its tester has another host"),
        KeepHost(host_name="h1", tester_name="oslo", reason="runs as the fleet says"),
    ]


def test_only_takes_the_named_testers() -> None:
    actions = planned(fleet=a_fleet("oslo", "bergen"), hosts=[], only=["bergen"])

    assert {getattr(action, "tester_name", None) for action in actions} == {"bergen"}


@pytest.mark.parametrize("argument", ["only", "replace"])
def test_a_name_that_no_tester_has_is_refused(argument: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^no tester `olso` in this fleet; did you mean `oslo`\?$"):
        planned(hosts=[], sweep=SWEEP, **{argument: ["olso"]})  # type: ignore[arg-type]  # not the fleet


def test_down_drains_what_may_hold_reports_and_removes_all() -> None:
    hosts = [running(), a_host("h2", "bergen", HostState.CREATING), a_host("h3", "bodo", HostState.REMOVED)]

    assert plan_down(hosts=hosts, now=NOON) == [
        RemoveHost(host_name="h2", reason="down"),
        DrainHost(host_name="h1", tester_name="oslo", reason="down"),
        RemoveHost(host_name="h1", reason="down"),
    ]


def test_a_sweep_that_nothing_disturbs_comes_to_its_end() -> None:
    world = World(fleet=a_fleet("oslo", "bergen"))

    world.up()
    world.live_on()

    assert world.up() == []
    assert world.ended("oslo") == world.ended("bergen") == 2


def test_runs_of_another_sweep_are_of_no_account() -> None:
    stranger = a_run("oslo", 1, RunState.COMPLETE, sweep_id=uuid5(SPACE, "earlier"))

    assert planned(hosts=[], runs=[stranger])[-1] == StartTester(tester_name="oslo", reason="new host")
