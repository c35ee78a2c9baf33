"""Whom a tester measures of its peers, by example."""

from datetime import timedelta

from orchestrator.decide.actions import AbandonRun, CreateHost, KeepHost, StartTester, UpdateJob
from orchestrator.decide.host import HostState
from orchestrator.decide.peers import WAIT_SHARE, servers_of
from orchestrator.decide.plan import plan
from orchestrator.decide.told import digest_of_job, digests_of_jobs, is_told, settings_differ
from orchestrator.fleet.model import Fleet, Run, Server, Tester
from tests.orchestrator.decide.world import NOON, SWEEP, a_host

PEERS = Server(name="testers", group="peers", from_testers=True)
ADDRESSES = {"bergen": "192.0.2.1", "oslo": "192.0.2.2", "tromso": "192.0.2.3"}


def a_fleet(
    *names: str, driver: str = "amazonec2", more: tuple[Server, ...] = (), repeat: int | None = 1
) -> Fleet:
    return Fleet(
        name="demo",
        testers=tuple(Tester(name=name, driver=driver) for name in names),
        servers=(*more, PEERS),
        run=Run(repeat=repeat),
    )


THREE = a_fleet("bergen", "oslo", "tromso")


def measured(fleet: Fleet, name: str, addresses: dict[str, str]) -> list[tuple[str, str, str]]:
    tester = fleet.tester(name)
    assert tester is not None
    return [
        (server.name, server.host, server.group) for server in servers_of(fleet, tester, addresses=addresses)
    ]


def test_a_tester_measures_all_others_with_an_address_and_not_itself() -> None:
    assert measured(THREE, "oslo", ADDRESSES) == [
        ("bergen", "192.0.2.1", "peers"),
        ("tromso", "192.0.2.3", "peers"),
    ]
    assert measured(THREE, "oslo", {"oslo": "192.0.2.2", "tromso": "192.0.2.3"}) == [
        ("tromso", "192.0.2.3", "peers")
    ]


def test_a_peer_whose_name_a_server_has_gets_the_entrys_name_before_its_own() -> None:
    fleet = a_fleet("bergen", "oslo", more=(Server(name="bergen", host="192.0.2.9"),))

    assert measured(fleet, "oslo", ADDRESSES) == [
        ("bergen", "192.0.2.9", ""),
        ("testers-bergen", "192.0.2.1", "peers"),
    ]


def test_two_entries_give_two_servers_of_two_names() -> None:
    again = Server(name="again", group="other", from_testers=True)
    fleet = THREE.model_copy(update={"servers": (PEERS, again)})

    names = [name for name, _, _ in measured(fleet, "oslo", ADDRESSES)]

    assert names == ["bergen", "tromso", "again-bergen", "again-tromso"]


def test_testers_of_this_machine_measure_each_other_over_the_loopback_and_nobody_else_does() -> None:
    here = {"bergen": "127.0.0.1", "oslo": "127.0.0.1"}
    local = a_fleet("bergen", "oslo", driver="local")
    mixed = local.model_copy(update={"testers": (*local.testers, Tester(name="tromso", driver="amazonec2"))})

    assert measured(local, "oslo", here) == [("bergen", "127.0.0.1", "peers")]
    assert measured(mixed, "tromso", here) == []
    assert measured(mixed, "oslo", here | {"tromso": "192.0.2.3"})[-1] == ("tromso", "192.0.2.3", "peers")


def test_another_address_is_another_job_with_the_same_settings() -> None:
    oslo = THREE.tester("oslo")
    assert oslo is not None
    one = digest_of_job(fleet=THREE, tester=oslo, addresses=ADDRESSES)
    other = digest_of_job(fleet=THREE, tester=oslo, addresses=ADDRESSES | {"bergen": "192.0.2.7"})

    assert not is_told(one, other)
    assert not settings_differ(one, other)
    assert digest_of_job(fleet=THREE, tester=oslo, addresses=ADDRESSES | {"oslo": "192.0.2.8"}) == one
    assert digests_of_jobs(THREE, addresses=ADDRESSES)["oslo"] == one
    assert is_told(one, digest_of_job(fleet=THREE, tester=oslo))


def test_addresses_are_no_part_of_a_job_without_peers() -> None:
    plain = THREE.model_copy(update={"servers": (Server(name="one", host="192.0.2.9"),)})

    assert digests_of_jobs(plain, addresses=ADDRESSES) == digests_of_jobs(plain)


def test_a_tester_with_an_end_waits_for_a_peer_whose_host_is_to_be_made() -> None:
    hosts = [a_host("h1", "bergen", HostState.READY), a_host("h2", "oslo", HostState.READY)]

    actions = plan(
        fleet=THREE,
        hosts=hosts,
        runs=[],
        now=NOON,
        sweep=SWEEP,
        addresses={"bergen": "192.0.2.1", "oslo": "192.0.2.2"},
    )

    assert actions == [
        KeepHost(host_name="h1", tester_name="bergen", reason="waits for the address of tromso"),
        KeepHost(host_name="h2", tester_name="oslo", reason="waits for the address of tromso"),
        CreateHost(tester_name="tromso", reason="has no host"),
        StartTester(tester_name="tromso", reason="new host"),
    ]


def test_after_half_of_the_deadline_it_begins_with_the_peers_that_are_known() -> None:
    later = NOON + timedelta(seconds=THREE.limits.deadline_s * WAIT_SHARE)
    hosts = [a_host("h1", "bergen", HostState.READY), a_host("h2", "oslo", HostState.READY)]

    actions = plan(
        fleet=THREE,
        hosts=hosts,
        runs=[],
        now=later,
        sweep=SWEEP,
        addresses={"bergen": "192.0.2.1", "oslo": "192.0.2.2"},
    )

    assert [type(action).__name__ for action in actions] == [
        "StartTester",
        "StartTester",
        "CreateHost",
        "StartTester",
    ]


def test_without_an_end_it_begins_with_one_peer_and_is_told_of_others() -> None:
    fleet = a_fleet("bergen", "oslo", "tromso", repeat=None)
    oslo = fleet.tester("oslo")
    assert oslo is not None
    two = {"bergen": "192.0.2.1", "oslo": "192.0.2.2"}
    told = digest_of_job(fleet=fleet, tester=oslo, addresses=two)
    hosts = [
        a_host("h1", "bergen", HostState.READY),
        a_host("h2", "oslo", HostState.RUNNING, job_digest=told, sweep_id=SWEEP.sweep_id),
    ]

    first = plan(fleet=fleet, hosts=hosts, runs=[], now=NOON, sweep=SWEEP, addresses=two)
    then = plan(fleet=fleet, hosts=hosts, runs=[], now=NOON, sweep=SWEEP, addresses=ADDRESSES)

    assert [type(action).__name__ for action in first] == [
        "StartTester",
        "KeepHost",
        "CreateHost",
        "StartTester",
    ]
    assert UpdateJob(host_name="h2", tester_name="oslo", reason="its servers changed") in then


def test_a_tester_whose_peers_have_all_failed_is_given_up() -> None:
    failed = a_host("h1", "bergen", HostState.REMOVED, failed=True, attempts=2, sweep_id=SWEEP.sweep_id)
    hosts = [failed, a_host("h2", "oslo", HostState.READY)]

    actions = plan(
        fleet=a_fleet("bergen", "oslo"),
        hosts=hosts,
        runs=[],
        now=NOON,
        sweep=SWEEP,
        addresses={"oslo": "192.0.2.2"},
    )

    given_up = [action for action in actions if isinstance(action, AbandonRun)]
    assert [action.tester_name for action in given_up] == ["bergen", "oslo"]
    assert given_up[1].reason.startswith("nobody to measure")


def test_a_plan_that_looked_at_no_address_starts_everybody() -> None:
    actions = plan(fleet=THREE, hosts=[], runs=[], now=NOON, sweep=SWEEP)

    assert [type(action).__name__ for action in actions] == ["CreateHost", "StartTester"] * 3
