"""What docker-machine cannot know is asked of the cloud behind it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from orchestrator.errors import ConfigurationError, LeftBehind, OrchestratorError
from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.cloud import Offer
from orchestrator.places.machine.creation import CreateFailed
from orchestrator.places.machine.keys import Keys
from orchestrator.places.machine.note import MachineNote, MachineNotes
from orchestrator.places.place import NewHost
from tests.orchestrator.places.machine.a_machine import NAME, a_host, calls, hosts_of, soon, told_program
from tests.orchestrator.places.machine.test_hosts import FAILED, GONE, LAUNCHED, LAUNCHING, nobody

FULL = f"{FAILED}Error launching instance: InsufficientInstanceCapacity: no room"


@dataclass(kw_only=True, eq=False)
class FakeCloud:
    """Offers what it is told to, and remembers what it was asked."""

    zones: Sequence[str] = ("a", "b")
    refuses: OrchestratorError | None = None
    sees_after: int = 0
    guarded: list[tuple[str, str, str]] = field(default_factory=list)
    removed: list[tuple[str, str, UUID]] = field(default_factory=list)
    revocable: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, list[str]]] = field(default_factory=list)
    in_flight: list[bool] = field(default_factory=list)
    reopened: list[str] = field(default_factory=list)
    admitted: list[tuple[str, list[str]]] = field(default_factory=list)

    def keys(self) -> Keys | None:
        return Keys(access_key="AKIAFRESH", secret_key="s", session_token="t", source="role")

    def offers(self, host: NewHost) -> Sequence[Offer]:
        return [
            Offer(options={**host.options, "amazonec2-zone": zone}, label=f"zone {zone}")
            for zone in self.zones
        ]

    def guard(self, host_name: str, *, region: str, fleet_id: UUID, tester: str) -> bool:
        self.guarded.append((host_name, region, tester))
        if self.refuses is not None:
            raise self.refuses
        return len(self.guarded) > self.sees_after

    def denied(self, host_name: str, *, region: str) -> str:
        return ""

    def takings(self, host_names: Collection[str], *, region: str) -> Mapping[str, str]:
        self.asked.append((region, sorted(host_names)))
        return {name: why for name, why in self.revocable.items() if name in host_names}

    def admit(self, region: str, *, fleet_id: UUID, addresses: Collection[str]) -> None:
        self.admitted.append((region, sorted(addresses)))

    def reopen(self, region: str, *, fleet_id: UUID) -> None:
        self.reopened.append(region)

    def renewal(self) -> Sequence[str] | None:
        return None

    def remove(
        self, host_name: str, *, region: str, fleet_id: UUID, in_flight: bool, deadline: Deadline
    ) -> None:
        self.removed.append((host_name, region, fleet_id))
        self.in_flight.append(in_flight)
        if self.refuses is not None:
            raise self.refuses


def zones_asked(program: str) -> list[str]:
    argv = [call["argv"] for call in calls(program, "create")]
    return [words[words.index("--amazonec2-zone") + 1] for words in argv]


def test_where_one_zone_is_full_the_next_offer_is_made(tmp_path: Path) -> None:
    cloud = FakeCloud()
    program = told_program(
        tmp_path / "program", create=[[*LAUNCHING, {"say": FULL}, {"exit": 1}]], rm=[GONE, GONE]
    )
    hosts, said = hosts_of(program, tmp_path, cloud=cloud), list[str]()
    host = a_host(amazonec2_region="eu-west-1")

    # The second create leaves no machine: what counts here is that it was asked for.
    with pytest.raises(CreateFailed):
        hosts.create(host, say=said.append, deadline=soon())

    assert zones_asked(program) == ["a", "b"]
    assert [text for text in said if text.startswith("Asking for")] == [
        "Asking for zone a",
        "Asking for zone b",
    ]
    assert set(cloud.removed) == {(NAME, "eu-west-1", host.fleet_id)}
    # What was refused is not on its way.
    assert cloud.in_flight[0] is False


def test_a_failure_that_no_other_zone_would_mend_ends_it(tmp_path: Path) -> None:
    refused = f"{FAILED}Error launching instance: UnauthorizedOperation: no"
    program = told_program(
        tmp_path / "program", create=[[*LAUNCHING, {"say": refused}, {"exit": 1}]], rm=[GONE]
    )

    with pytest.raises(CreateFailed, match="policy does not allow"):
        hosts_of(program, tmp_path, cloud=FakeCloud()).create(a_host(), say=nobody, deadline=soon())

    assert zones_asked(program) == ["a"]


def test_what_docker_machine_cannot_name_is_removed_by_the_cloud_and_forgotten(tmp_path: Path) -> None:
    lost = f"{FAILED}Error launching instance: InternalError: an answer was lost"
    program = told_program(tmp_path / "program", create=[[*LAUNCHING, {"say": lost}, {"exit": 1}]])
    cloud = FakeCloud(zones="a")
    hosts, host = hosts_of(program, tmp_path, cloud=cloud), a_host(amazonec2_region="eu-west-1")

    with pytest.raises(CreateFailed, match="the cloud itself failed"):
        hosts.create(host, say=nobody, deadline=soon())

    assert cloud.removed == [(NAME, "eu-west-1", host.fleet_id)]
    assert cloud.in_flight == [True]
    assert hosts.names() == []


@pytest.mark.parametrize(
    "refuses",
    [
        LeftBehind("i-1 runs", "it was refused", "aws ec2 terminate-instances"),
        ConfigurationError("no keys", "expired"),
    ],
)
def test_a_host_stays_known_until_the_cloud_says_that_it_is_gone(
    tmp_path: Path, refuses: OrchestratorError
) -> None:
    lost = f"{FAILED}Error launching instance: InternalError: an answer was lost"
    program = told_program(
        tmp_path / "program", create=[[*LAUNCHED, {"say": lost}, {"exit": 1}]], rm=[GONE, GONE]
    )
    cloud = FakeCloud(zones="a", refuses=refuses)
    hosts = hosts_of(program, tmp_path, cloud=cloud)
    with pytest.raises(LeftBehind):
        hosts.create(a_host(), say=nobody, deadline=soon())

    with pytest.raises(LeftBehind) as left:
        hosts.remove(NAME, say=nobody, deadline=soon())
    cloud.refuses = None
    hosts.remove(NAME, say=nobody, deadline=soon())
    asked = len(cloud.removed)
    hosts.remove(NAME, say=nobody, deadline=soon())

    assert refuses.what in f"{left.value.what} {left.value.cause}"
    assert len(cloud.removed) == asked


def test_a_host_is_guarded_while_it_is_made_and_once_is_enough(tmp_path: Path) -> None:
    cloud = FakeCloud(zones="a", sees_after=1)
    program = told_program(tmp_path / "program", create=[[*LAUNCHED, {"wait": 4}, {"exit": 0}]])
    hosts = hosts_of(program, tmp_path, cloud=cloud)

    with pytest.raises(OrchestratorError):
        # Nothing answers at the address of the store: it is removed again in the end.
        hosts.create(a_host(amazonec2_region="eu-west-1"), say=nobody, deadline=Deadline.after(12))

    assert cloud.guarded == [(NAME, "eu-west-1", "mars")] * 2


def test_a_host_that_could_not_be_guarded_is_guarded_by_a_later_command(tmp_path: Path) -> None:
    cloud = FakeCloud(zones="a", refuses=ConfigurationError("refused"))
    program = told_program(tmp_path / "program", create=[[*LAUNCHED, {"exit": 0}]])
    said: list[str] = []
    with pytest.raises(LeftBehind):
        hosts_of(program, tmp_path, cloud=cloud).create(a_host(), say=said.append, deadline=Deadline.after(5))
    assert any("Nothing ends this host yet" in text for text in said)

    later = FakeCloud()
    hosts = hosts_of(program, tmp_path, cloud=later)

    assert hosts.tend([NAME], deadline=soon()) == {}
    assert hosts.tend([NAME], deadline=soon()) == {}
    assert [name for name, _, _ in later.guarded] == [NAME]


def test_hosts_on_spare_capacity_are_asked_for_until_they_are_taken_back(tmp_path: Path) -> None:
    cloud = FakeCloud(zones="a", revocable={NAME: ""})
    hosts = hosts_of(told_program(tmp_path / "program"), tmp_path, cloud=cloud)
    for name in (NAME, "bought"):
        note = MachineNote(
            driver="amazonec2", region="eu-west-1", fleet_id=str(a_host().fleet_id), guarded=True
        )
        MachineNotes(tmp_path / "testers").write(name, note)

    assert hosts.taken_back([NAME, "bought", "unknown"]) == {}
    cloud.revocable[NAME] = "marked-for-termination"
    assert hosts.taken_back([NAME, "bought", "unknown"]) == {NAME: "marked-for-termination"}
    # What was bought is nobody's to take back.
    assert cloud.asked == [("eu-west-1", sorted([NAME, "bought"])), ("eu-west-1", [NAME])]


def test_each_region_is_opened_to_us_once_in_a_while(tmp_path: Path) -> None:
    cloud = FakeCloud(zones="a")
    hosts = hosts_of(told_program(tmp_path / "program"), tmp_path, cloud=cloud)
    note = MachineNote(driver="amazonec2", region="eu-west-1", fleet_id=str(a_host().fleet_id))
    MachineNotes(tmp_path / "testers").write(NAME, note)

    for _ in range(2):
        assert hosts.tend([NAME, NAME], deadline=soon()) == {}

    assert cloud.reopened == ["eu-west-1"]


def test_each_region_lets_the_peers_in_once(tmp_path: Path) -> None:
    cloud = FakeCloud(zones="a")
    hosts = hosts_of(told_program(tmp_path / "program"), tmp_path, cloud=cloud)
    note = MachineNote(driver="amazonec2", region="eu-west-1", fleet_id=str(a_host().fleet_id))
    MachineNotes(tmp_path / "testers").write(NAME, note)

    for addresses in (["10.0.0.1"], ["10.0.0.1"], ["10.0.0.2", "10.0.0.1"]):
        hosts.admit([NAME, NAME, "unknown"], addresses=addresses)

    assert cloud.admitted == [("eu-west-1", ["10.0.0.1"]), ("eu-west-1", ["10.0.0.1", "10.0.0.2"])]


def test_keys_of_a_cloud_are_fresh_for_each_call_of_docker_machine(tmp_path: Path) -> None:
    program = told_program(tmp_path / "program", create=[[{"exit": 1}]])

    with pytest.raises(CreateFailed):
        hosts_of(program, tmp_path, cloud=FakeCloud(zones="a")).create(a_host(), say=nobody, deadline=soon())

    path = Path(calls(program, "create")[0]["environment"]["AWS_SHARED_CREDENTIALS_FILE"])
    assert "AKIAFRESH" in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_host_whose_keys_stand_in_its_options_is_asked_for_with_them(tmp_path: Path) -> None:
    from orchestrator.places.machine.hosts import MachineHosts

    asked: list[tuple[str, str]] = []
    program = told_program(tmp_path / "program", create=[[*LAUNCHING, {"exit": 1}]])
    cloud = FakeCloud(zones="a")

    def cloud_for(driver: str, keys: Keys | None) -> FakeCloud:
        asked.append((driver, "" if keys is None else keys.access_key))
        return cloud

    hosts = MachineHosts(
        program=program,
        store=tmp_path / "machines",
        testers=tmp_path / "testers",
        keys=tmp_path / "aws",
        environment={"PATH": "/usr/bin"},
        cloud_for=cloud_for,
    )
    with pytest.raises(CreateFailed):
        hosts.create(
            a_host(amazonec2_access_key="AKIAOWN", amazonec2_secret_key="x"), say=nobody, deadline=soon()
        )

    assert set(asked) == {("amazonec2", "AKIAOWN")}
    assert cloud.removed
