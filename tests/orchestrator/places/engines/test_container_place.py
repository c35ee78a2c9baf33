import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from orchestrator.errors import LeftBehind
from orchestrator.fleet.terms import Image
from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.container_place import ContainerPlace
from orchestrator.places.engines.containers import EngineRefused
from orchestrator.places.engines.docker import DockerHosts
from orchestrator.places.engines.engine import EngineUnreachable
from orchestrator.places.engines.tester_container import SPOOL, container_config
from orchestrator.places.images.image import image_of
from orchestrator.places.images.plan import ImagePlan
from orchestrator.places.place import Life, NewHost, SpoolCount
from tests.orchestrator.places.engines.an_engine import BASE, HERE, Way, engine_here, need_engine, soon, until
from wire.job import Job, JobServer, ProbePlan

FLEET_ID = UUID("7d444840-9dc0-41d1-b245-5ffdce74fad2")
TOKEN = "a-token-that-nobody-may-see-0123456789abcdef"


def a_job(*, repeat: int | None = None, server: str = "loop", url: str | None = None) -> Job:
    return Job(
        fleet="mill",
        fleet_id=FLEET_ID,
        tester="a",
        tester_id=UUID("11111111-9dc0-41d1-b245-5ffdce74fad2"),
        sweep_id=UUID("22222222-9dc0-41d1-b245-5ffdce74fad2"),
        servers=(JobServer(name=server, host="127.0.0.1"),),
        probe=ProbePlan(count=1, interval_s=0.0, timeout_s=0.2, ip="4"),
        repeat=repeat,
        every_s=0.2,
        collector_url=url,
    )


class Mill:
    """A place with one host, and what was said of it."""

    def __init__(self, root: Path, *, name: str | None = None, version: str | None = None) -> None:
        self.name = name or f"mill-a-{uuid4().hex[:12]}"
        self.said: list[str] = []
        self.root = root
        # An argument of its own makes an image of its own, which no other test removes.
        plan = ImagePlan(
            Image(args={"BASE": BASE, "VERSION": version or uuid4().hex}),
            base=root,
            scratch=root / "image",
            local=HERE,
        )
        self.tag = plan.tag()
        self.hosts = DockerHosts(root=root / "testers", environment={})
        self.place = ContainerPlace(
            hosts=self.hosts, images=plan, root=root / "testers", keeps_disk=lambda _: True, call_s=5.0
        )

    def create(self, **options: str) -> None:
        host = NewHost(
            name=self.name, tester="a", driver="docker", region="", fleet_id=FLEET_ID, options=options
        )
        self.place.create(host, say=self.said.append, deadline=soon())

    def start(self, job: Job, *, first_index: int = 0) -> None:
        self.place.start(
            self.name,
            job=job.to_bytes(),
            token=TOKEN,
            first_index=first_index,
            say=self.said.append,
            deadline=soon(),
        )

    def remove(self) -> None:
        self.place.remove(self.name, say=self.said.append, deadline=soon())

    def life(self) -> Life:
        return self.place.lives([self.name])[self.name]

    def runs_made(self) -> int:
        job = a_job()
        return self.place.runs_made(self.name, sweep_id=job.sweep_id, tester_id=job.tester_id)


@pytest.fixture
def mills(tmp_path: Path) -> Iterator[Callable[..., Mill]]:
    need_engine(base=True)
    made: list[Mill] = []

    def mill(**options: str) -> Mill:
        made.append(Mill(tmp_path / f"state{len(made)}", **options))
        return made[-1]

    yield mill
    for each in made:
        each.remove()


@pytest.fixture
def mill(mills: Callable[..., Mill]) -> Mill:
    made = mills()
    made.create()
    return made


def test_reports_are_fetched_once_each_from_a_tester_that_runs_and_from_one_that_ended(mill: Mill) -> None:
    mill.start(a_job())
    assert mill.life() is Life.RUNS
    until(lambda: len(mill.place.spooled(mill.name)) >= 2)
    first, second = mill.place.spooled(mill.name)[:2]
    report = json.loads(gzip.decompress(mill.place.read_report(mill.name, first)))
    assert report["tester_id"] == str(a_job().tester_id)
    mill.place.drop_report(mill.name, first)
    assert first not in mill.place.spooled(mill.name)
    with engine_here() as engine:
        # What was delivered lies no longer on the host either.
        assert engine.modified(mill.name, f"{SPOOL}/reports/{first}") is None
        assert engine.modified(mill.name, f"{SPOOL}/reports/{second}") is not None
    mill.place.stop(mill.name, deadline=Deadline.after(30))
    assert mill.life() is Life.ENDED
    mill.place.drop_report(mill.name, second)
    left = mill.place.spooled(mill.name)
    assert left
    assert second not in left
    assert mill.place.spool_count(mill.name) == SpoolCount(waiting=len(left), rejected=0)
    assert mill.place.kept(mill.name) == mill.place.spool_count(mill.name)
    assert mill.runs_made() == len(left) + 2
    with pytest.raises(FileNotFoundError):
        mill.place.read_report(mill.name, second)


def test_a_tester_with_all_its_runs_made_ends_and_stays_ended(mill: Mill) -> None:
    mill.start(a_job(repeat=2))
    until(lambda: mill.life() is Life.ENDED)
    with engine_here() as engine:
        found = engine.container(mill.name)
    assert found is not None
    assert (found["State"]["ExitCode"], found["RestartCount"]) == (0, 0)
    assert mill.runs_made() == 2
    log = mill.place.log(mill.name)
    assert log is not None
    assert "run_finished" in log.read_text()
    assert "run_finished" in mill.place.last_words(mill.name)


def test_a_new_host_goes_on_where_the_former_one_ended(mill: Mill) -> None:
    mill.start(a_job(repeat=5), first_index=4)
    until(lambda: mill.life() is Life.ENDED)
    assert len(mill.place.spooled(mill.name)) == 1
    assert mill.runs_made() == 5


def test_starting_twice_is_starting_once(mill: Mill) -> None:
    mill.start(a_job())
    with engine_here() as engine:
        before = engine.container(mill.name)
        mill.start(a_job())
        after = engine.container(mill.name)
    assert before is not None
    assert after is not None
    assert (before["Id"], before["State"]["StartedAt"]) == (after["Id"], after["State"]["StartedAt"])


def test_another_job_replaces_the_container_and_keeps_the_spool(mill: Mill) -> None:
    mill.start(a_job(repeat=1))
    until(lambda: mill.life() is Life.ENDED)
    with engine_here() as engine:
        before = engine.container(mill.name)
    reports = mill.place.spooled(mill.name)
    mill.start(a_job(repeat=3))
    until(lambda: mill.runs_made() == 3)
    with engine_here() as engine:
        after = engine.container(mill.name)
    assert before is not None
    assert after is not None
    assert before["Id"] != after["Id"]
    assert mill.place.spooled(mill.name)[0] == reports[0]


def test_a_tester_that_runs_is_told_a_new_job(mill: Mill) -> None:
    mill.start(a_job())
    until(lambda: mill.place.spooled(mill.name))
    mill.place.tell(mill.name, job=a_job(repeat=1).to_bytes())
    until(lambda: mill.life() is Life.ENDED)
    log = mill.place.log(mill.name)
    assert log is not None
    assert "job_refused" not in log.read_text()
    # Nobody runs there now: the next start finds it.
    mill.place.tell(mill.name, job=a_job(repeat=2).to_bytes())


def test_a_tester_that_cannot_begin_is_not_started_for_ever(mill: Mill) -> None:
    mill.start(a_job(url="http://192.0.2.1:9090"))
    until(lambda: mill.life() is Life.ENDED)
    with engine_here() as engine:
        found = engine.container(mill.name)
    assert found is not None
    assert found["State"]["ExitCode"] == 2
    assert found["RestartCount"] <= 3
    assert "plain http to a public address" in mill.place.last_words(mill.name)


def test_no_secret_is_in_what_the_engine_tells(mill: Mill) -> None:
    mill.start(a_job())
    with engine_here() as engine:
        told = json.dumps(
            [
                engine.container(mill.name),
                engine.client.inspect_volume(mill.name),
                engine.client.history(mill.tag),  # type: ignore[no-untyped-call]  # not in the stubs
                engine.client.top(mill.name),
            ]
        )
    until(lambda: mill.place.log(mill.name))
    assert TOKEN not in told
    assert TOKEN not in "\n".join(mill.said)
    mirrored = [path for path in (mill.root / "testers").rglob("*") if path.is_file()]
    assert mirrored
    assert not [path for path in mirrored if TOKEN.encode() in path.read_bytes()]


def test_the_container_has_the_least_that_pings(mill: Mill) -> None:
    mill.start(a_job())
    with engine_here() as engine:
        found = engine.container(mill.name)
        assert found is not None
        write = "open('/opt/tester/x', 'w')"
        assert engine.execute(mill.name, ["python3", "-c", write]) != 0
        only = "import sys; caps = [line for line in open('/proc/self/status') if line.startswith('CapEff')]"
        only += "; sys.exit(int(caps[0].split()[1], 16) != 1 << 13)"
        assert engine.execute(mill.name, ["python3", "-c", only]) == 0
    wanted = container_config(image_id="", volume=mill.name, labels={}, init=True)["HostConfig"]
    assert {key: found["HostConfig"][key] for key in ("ReadonlyRootfs", "PidsLimit", "Memory")} == {
        key: wanted[key] for key in ("ReadonlyRootfs", "PidsLimit", "Memory")
    }
    assert found["HostConfig"]["LogConfig"] == wanted["LogConfig"]
    assert found["Config"]["Labels"]["latency.fleet-id"] == str(FLEET_ID)
    assert found["Config"]["Labels"]["latency.tester"] == "a"


def test_removal_leaves_nothing_of_ours_and_twice_is_once(mills: Callable[..., Mill]) -> None:
    mill = mills()
    mill.create()
    mill.start(a_job())
    mill.remove()
    with engine_here() as engine:
        assert engine.container(mill.name) is None
        assert image_of(engine, mill.tag) is None
        assert mill.name not in str(engine.client.volumes())
        assert image_of(engine, BASE) is not None
    assert not mill.hosts.exists(mill.name)
    mill.remove()


def test_an_image_stays_while_somebody_else_uses_it(mills: Callable[..., Mill]) -> None:
    version = uuid4().hex
    first, second = mills(version=version), mills(version=version)
    for each in (first, second):
        each.create()
        each.start(a_job())
    assert first.tag == second.tag
    first.remove()
    assert second.life() is Life.RUNS
    with engine_here() as engine:
        assert image_of(engine, second.tag) is not None
    second.remove()
    with engine_here() as engine:
        assert image_of(engine, second.tag) is None


def test_a_container_of_somebody_else_is_left_alone(mill: Mill) -> None:
    with engine_here() as engine:
        engine.create_container(mill.name, {"Image": BASE, "Cmd": ["true"]})
        try:
            attempts: tuple[Callable[[], None], ...] = (lambda: mill.start(a_job()), mill.remove)
            for attempt in attempts:
                with pytest.raises(EngineRefused, match="is not ours"):
                    attempt()
            assert engine.container(mill.name) is not None
        finally:
            engine.remove_container(mill.name)


def test_an_engine_that_dies_in_the_middle_leaves_what_was_fetched_before(mill: Mill, tmp_path: Path) -> None:
    mill.start(a_job())
    until(lambda: len(mill.place.spooled(mill.name)) >= 3)
    way = Way()
    try:
        seen = Mill(tmp_path / "far", name=mill.name)
        seen.create(**{"docker-host": way.address.url})
        names = seen.place.spooled(mill.name)
        way.most_bytes = 2_000
        # What was fetched before is there still, and can be delivered.
        assert set(names) <= set(seen.place.spooled(mill.name))
    finally:
        way.close()
    assert seen.life() is Life.UNKNOWN
    with pytest.raises(EngineUnreachable):
        seen.place.stop(mill.name, deadline=Deadline.after(5))


def test_an_engine_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    way = Way(silent=True)
    hosts = DockerHosts(root=tmp_path, environment={})
    place = ContainerPlace(hosts=hosts, images=None, root=tmp_path, keeps_disk=lambda _: True, call_s=0.3)
    cloud = ContainerPlace(hosts=hosts, images=None, root=tmp_path, keeps_disk=lambda _: False, call_s=0.3)
    try:
        host = NewHost(
            name="mill-a", tester="a", driver="docker", region="", fleet_id=FLEET_ID,
            options={"docker-host": way.address.url},
        )  # fmt: skip
        begun = time.monotonic()
        with pytest.raises(EngineUnreachable, match="mill-a"):
            place.create(host, say=print, deadline=Deadline.after(0.5))
        assert place.lives(["mill-a"]) == {"mill-a": Life.UNKNOWN}
        for call in (
            lambda: place.stop("mill-a", deadline=Deadline.after(5)),
            lambda: place.spooled("mill-a"),
            lambda: place.log("mill-a"),
            lambda: place.tell("mill-a", job=b"{}"),
        ):
            with pytest.raises(EngineUnreachable, match="mill-a"):
                call()
        with pytest.raises(LeftBehind) as left:
            place.remove("mill-a", say=print, deadline=Deadline.after(5))
        assert "rm --force mill-a" in left.value.next_step
        # A cloud's disk goes with its host, whatever the engine says.
        cloud.remove("mill-a", say=print, deadline=Deadline.after(5))
        assert time.monotonic() - begun < 60
    finally:
        way.close()
