"""Reports come in from hosts that have no way to the collector, and none is lost when a host goes."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet
from tests.end_to_end.hosts.own_collector import OwnCollector

DUBLIN, VIRGINIA = "eu-west-1", "us-east-1"
RUNS, PROBES = 4, 3


@pytest.fixture
def own(bed: Bed, cloud: CloudFleet, tmp_path: Path) -> Iterator[OwnCollector]:
    """A collector on an address that hosts reach; the fleet's results go there."""
    collector = OwnCollector(bed=bed, folder=tmp_path, port=cloud.port)
    collector.start()
    cloud.environment |= collector.settings()
    yield collector
    collector.stop()
    bed.keep_hosts_out(False)


def spooled(cloud: CloudFleet, tester: str) -> int:
    """Return how many reports lie in the spool of a tester's host."""
    (name,) = (host["name"] for host in cloud.hosts() if host["tester"] == tester)
    there = cloud.bed.host(cloud.instance_of(tester))
    script = f"ls $(docker volume inspect -f '{{{{.Mountpoint}}}}' {name})/spool/reports | grep -c json.gz"
    return int(there.run("sh", "-c", f"{script} || true"))


def assert_all_stored(own: OwnCollector, *testers: str) -> None:
    """Assert that everything that was planned is stored: every run, server and probe."""
    runs = own.runs()
    assert [(run["tester"], run["number"], run["state"]) for run in runs] == [
        (tester, number, "complete") for tester in testers for number in range(RUNS)
    ]
    assert all(run["stored"] == run["planned"] == 1 for run in runs)
    results = own.results()
    assert len(results) == len(testers) * RUNS
    assert all(found["planned"] == found["sent"] == found["answered"] == PROBES for found in results)


def test_pull_brings_every_result_from_hosts_that_cannot_reach_the_collector(
    bed: Bed, cloud: CloudFleet, own: OwnCollector
) -> None:
    bed.keep_hosts_out(True)
    cloud.environment["ORCHESTRATE_FETCH_EVERY"] = "1s"
    cloud.write(
        *(DUBLIN, VIRGINIA), run=f"{{repeat: {RUNS}, every: 1s}}", count=PROBES, more="delivery: pull"
    )

    up = cloud.run("up", "--rm")

    assert up.code == 0, up.err
    assert "2 removed, 0 left" in up.err
    assert_all_stored(own, DUBLIN, VIRGINIA)
    assert bed.left() == {}


def test_auto_fetches_what_is_still_spooled_before_a_host_goes(
    bed: Bed, cloud: CloudFleet, own: OwnCollector
) -> None:
    cloud.write(DUBLIN, run=f"{{repeat: {RUNS}, every: 3s}}", count=PROBES, more="delivery: auto")
    up = cloud.run("up", "--detach")
    assert up.code == 0, up.err
    cloud.wait_until(lambda: any(run["state"] == "complete" for run in own.runs()))
    own.stop()
    cloud.wait_until(
        lambda: len([run for run in own.runs() if run["stored"]]) + spooled(cloud, DUBLIN) >= RUNS
    )
    sent = len([run for run in own.runs() if run["stored"]])
    assert 1 <= sent < RUNS
    # The collector is back, and for the hosts it is not.
    bed.keep_hosts_out(True)
    own.start()

    down = cloud.run("down")

    assert down.code == 0, down.err
    assert f"{DUBLIN} drained: {RUNS - sent} report" in down.err
    assert_all_stored(own, DUBLIN)
    assert bed.left() == {}


def test_a_host_goes_although_nobody_takes_its_reports_and_their_number_is_told(
    bed: Bed, cloud: CloudFleet, own: OwnCollector
) -> None:
    bed.keep_hosts_out(True)
    cloud.write(DUBLIN, run=f"{{repeat: {RUNS}, every: 100ms}}", count=PROBES, more="delivery: auto")
    up = cloud.run("up", "--detach")
    assert up.code == 0, up.err
    cloud.wait_until(lambda: spooled(cloud, DUBLIN) == RUNS)
    own.stop()

    down = cloud.run("down")

    assert down.code == 3, down.err
    assert f"1 removed, 0 left. {RUNS} reports not delivered, kept in " in down.err
    assert bed.left() == {}
    kept = list((cloud.of_fleet / "undelivered").glob("*/reports/*.json.gz"))
    assert sorted(json.loads(gzip.decompress(path.read_bytes()))["index"] for path in kept) == [*range(RUNS)]
