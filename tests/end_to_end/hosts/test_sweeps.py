"""Sweeps of hosts that are made and removed by the real docker-machine: through a window, and by schedule."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pytest

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet
from tests.end_to_end.hosts.own_collector import OwnCollector
from tests.end_to_end.hosts.running import SAID_S, Running
from wire.fields import time_text

REGIONS = ("eu-west-1", "us-east-1", "eu-central-1", "sa-east-1", "ap-southeast-2", "us-west-2")
TABLE = ("--from", "testers", "--fleet", "mill")
ALLOWED = {"ORCHESTRATE_ALLOWED_IMAGES": "base:*", "ORCHESTRATE_MAX_USD_PER_HOUR": "none"}
"""What the table may ask for: the bed's own image, and regions whose prices nobody knows there."""

LOOK_EVERY_S = 0.25


@pytest.fixture
def own(bed: Bed, cloud: CloudFleet, tmp_path: Path) -> Iterator[OwnCollector]:
    """A collector with the testers table."""
    collector = OwnCollector(bed=bed, folder=tmp_path, port=cloud.port)
    collector.start()
    cloud.environment |= collector.settings() | ALLOWED
    yield collector
    collector.stop()


class Lookout:
    """Counts the instances that the cloud has, again and again."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.most = 0
        self.looks = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(20)

    def _look(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            held = self._bed.state().values()
            self.most = max(self.most, sum(len(each.get("instances", ())) for each in held))
            self.looks += 1


def import_table(cloud: CloudFleet) -> None:
    imported = cloud.run("testers", "import", "fleet.yaml")
    assert imported.code == 0, imported.err
    (cloud.folder / "fleet.yaml").unlink()


def history(cloud: CloudFleet) -> list[dict[str, Any]]:
    ended = cloud.run("schedule", "history", *TABLE, "--format", "json")
    assert ended.code == 0, ended.err
    found: list[dict[str, Any]] = json.loads(ended.out)["sweeps"]
    return [each for each in found if each["outcome"] != "skipped"]


def let_it_be_due(cloud: CloudFleet, *, since: datetime) -> None:
    """Let the journal say that nobody has looked after the schedule since then."""
    with closing(sqlite3.connect(cloud.of_fleet / "journal.sqlite3", timeout=20)) as database:
        assert database.execute("UPDATE schedules SET upto = ?", (time_text(since),)).rowcount > 0
        database.commit()


@contextmanager
def cleared(cloud: CloudFleet) -> Iterator[None]:
    try:
        yield
    finally:
        cloud.clear()


def test_a_sweep_of_six_regions_from_the_table_keeps_two_instances_at_most(
    bed: Bed, cloud: CloudFleet, own: OwnCollector
) -> None:
    cloud.write(*REGIONS, run="{repeat: 2, every: 1s}")
    import_table(cloud)

    with Lookout(bed) as lookout:
        ended = cloud.run("sweep", *TABLE, "--window", "2", timeout_s=500)

    assert ended.code == 0, ended.err
    assert lookout.looks > len(REGIONS)
    assert lookout.most == 2
    assert [(run["tester"], run["state"]) for run in own.runs()] == [
        (region, "complete") for region in sorted(REGIONS) for _ in range(2)
    ]
    assert {host["state"] for host in cloud.hosts()} == {"removed"}
    assert cloud.stored() == []
    assert bed.left() == {}


def test_a_scheduler_that_is_killed_while_it_makes_a_host_ends_the_sweep_once(
    bed: Bed, cloud: CloudFleet, own: OwnCollector
) -> None:
    schedule = 'schedule: [{name: often, cron: "* * * * *", timezone: Europe/Oslo}]'
    prices = "limits: {deadline: 10m, prices: {eu-west-1: 0.5 USD}}"
    cloud.write("eu-west-1", run="once", more=f"{schedule}\n{prices}")
    import_table(cloud)
    first = cloud.run("schedule", "run", "--once", *TABLE)
    assert first.code == 0, first.err
    let_it_be_due(cloud, since=datetime.now(UTC) - timedelta(minutes=2))

    killed = Running(process=cloud.begin("schedule", "run", *TABLE))
    killed.until_said("eu-west-1: Waiting for SSH")
    killed.process.kill()
    killed.end()
    again = Running(process=cloud.begin("schedule", "run", *TABLE))
    again.until_said("1 removed, 0 left.")
    again.process.terminate()
    ended = again.end()

    assert any("was cut off, and goes on" in line for line in again.err)
    # The next minute's may have been begun before it was told to stop: it is handed over then.
    if ended.code != 0:
        assert cloud.run("down", "mill").code == 0
    entries = history(cloud)
    assert entries[-1]["outcome"] == "complete"
    assert (entries[-1]["complete"], entries[-1]["runs"]) == (1, 1)
    assert 0 < entries[-1]["cost_usd"] < 0.5
    assert len({entry["due_at"] for entry in entries}) == len(entries)
    assert cloud.stored() == []
    assert bed.left() == {}


def test_of_two_schedulers_one_sweeps_and_killed_while_it_measures_it_ends_that_sweep_once(
    bed: Bed, cloud: CloudFleet, own: OwnCollector, tmp_path: Path
) -> None:
    due_at = datetime.now(UTC).replace(second=0, microsecond=0)
    schedule = f'schedule: [{{name: daily, cron: "{due_at.minute} {due_at.hour} * * *"}}]'
    regions = REGIONS[:2]
    cloud.write(*regions, run="{repeat: 5, every: 2s}", more=schedule)
    import_table(cloud)
    (tmp_path / "other").mkdir()
    other = CloudFleet(bed=bed, folder=tmp_path / "other", port=cloud.port, environment=cloud.environment)
    with cleared(other):
        for fleet in (cloud, other):
            assert fleet.run("schedule", "run", "--once", *TABLE).code == 0
            let_it_be_due(fleet, since=due_at - timedelta(seconds=1))
        both = [Running(process=fleet.begin("schedule", "run", *TABLE)) for fleet in (cloud, other)]

        cloud.wait_until(lambda: any(makes_hosts(each) for each in both), within_s=SAID_S)
        first = 0 if makes_hosts(both[0]) else 1
        both[first].until_said("run 1/5 complete")
        both[first].process.kill()
        both[first].end()
        assert not makes_hosts(both[1 - first])
        again = Running(process=(cloud, other)[first].begin("schedule", "run", *TABLE))
        again.until_said("2 removed, 0 left.")
        for scheduler in (both[1 - first], again):
            scheduler.process.terminate()
            assert scheduler.end().code == 0, scheduler.err

    assert any("was cut off, and goes on" in line for line in again.err)
    assert not any(makes_hosts(each) for each in (both[1 - first], again))
    (entry,) = history(cloud)
    assert (entry["due_at"], entry["outcome"]) == (time_text(due_at), "complete")
    assert [(run["tester"], run["number"], run["state"]) for run in own.runs()] == [
        (region, index, "complete") for region in sorted(regions) for index in range(5)
    ]
    assert cloud.stored() + other.stored() == []
    assert bed.left() == {}


def makes_hosts(scheduler: Running) -> bool:
    return any("creating: has no host" in line for line in list(scheduler.err))
