"""A container that would be made from another image now is replaced, between two runs of its tester."""

from dataclasses import replace

import pytest

from orchestrator.decide.actions import Action, KeepHost, ReplaceTester, UpdateJob
from orchestrator.decide.facts import KnownRun, RunState
from orchestrator.decide.host import Host, HostState
from orchestrator.decide.plan import plan
from orchestrator.decide.told import digest_of_job, image_differs, is_told, with_image_of
from orchestrator.fleet.model import Fleet
from tests.orchestrator.decide.world import NOON, SWEEP, a_fleet, a_host, a_run

OLD, NEW = "orchestrate-tester:old", "orchestrate-tester:new"


def contained(fleet: Fleet, *, driver: str = "docker") -> Fleet:
    testers = tuple(tester.model_copy(update={"driver": driver}) for tester in fleet.testers)
    return fleet.model_copy(update={"testers": testers})


FLEET = contained(a_fleet("oslo"))


def told(fleet: Fleet = FLEET, *, image: str = OLD) -> str:
    return digest_of_job(fleet=fleet, tester=fleet.testers[0], image=image)


def running(*, digest: str) -> Host:
    return a_host("h1", "oslo", HostState.RUNNING, job_digest=digest, sweep_id=SWEEP.sweep_id)


def planned(host: Host, *runs: KnownRun, fleet: Fleet = FLEET, image: str = NEW) -> list[Action]:
    return plan(fleet=fleet, hosts=[host], runs=runs, sweep=SWEEP, now=NOON, image=image)


def test_a_container_of_another_image_is_replaced_for_the_runs_that_remain() -> None:
    assert planned(running(digest=told()), a_run("oslo", 0, RunState.COMPLETE)) == [
        ReplaceTester(host_name="h1", tester_name="oslo", reason="its image changed", first_index=1)
    ]


def test_a_run_that_is_under_way_is_made_to_its_end_first() -> None:
    assert planned(running(digest=told()), a_run("oslo", 0, RunState.ANNOUNCED)) == [
        KeepHost(host_name="h1", tester_name="oslo", reason="runs as the fleet says")
    ]


def test_a_tester_that_has_begun_its_last_run_is_not_replaced() -> None:
    runs = a_run("oslo", 0, RunState.COMPLETE), a_run("oslo", 1, RunState.ANNOUNCED)

    assert [type(action) for action in planned(running(digest=told()), *runs)] == [KeepHost]


@pytest.mark.parametrize(
    ("digest", "image"),
    [(told(image=NEW), NEW), (told(), ""), (told(image=""), NEW)],
    ids=["the same image", "nobody has looked now", "nobody had looked then"],
)
def test_where_no_other_image_is_known_the_container_stays(digest: str, image: str) -> None:
    assert [type(action) for action in planned(running(digest=digest), image=image)] == [KeepHost]


def test_a_tester_that_is_a_process_has_no_image() -> None:
    fleet = contained(FLEET, driver="local")

    assert told(fleet, image=OLD) == told(fleet, image=NEW)
    assert [type(action) for action in planned(running(digest=told(fleet)), fleet=fleet)] == [KeepHost]


def test_other_servers_are_told_to_the_container_that_is_there_and_its_image_is_remembered() -> None:
    server = FLEET.servers[0]
    more = FLEET.model_copy(
        update={"servers": (*FLEET.servers, server.model_copy(update={"name": "another"}))}
    )
    under_way = a_run("oslo", 0, RunState.ANNOUNCED)

    (action,) = planned(running(digest=told()), under_way, fleet=more)
    remembered = with_image_of(told(), told(more, image=NEW))
    after = replace(running(digest=told()), job_digest=remembered)

    assert isinstance(action, UpdateJob)
    assert is_told(remembered, told(more, image=NEW))
    assert image_differs(remembered, told(more, image=NEW))
    assert [type(each) for each in planned(after, a_run("oslo", 0, RunState.COMPLETE), fleet=more)] == [
        ReplaceTester
    ]
