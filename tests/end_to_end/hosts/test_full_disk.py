"""A disk that fills under the state while hosts are made: what was made is found again."""

import re
from pathlib import Path

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet
from tests.end_to_end.hosts.own_collector import OwnCollector
from tests.end_to_end.hosts.running import Running
from tests.small_disk import a_small_disk, fill

REGIONS = ("eu-west-1", "us-east-1")


def test_hosts_that_were_being_made_when_the_disk_filled_are_found_and_removed(
    bed: Bed, cloud: CloudFleet, tmp_path: Path
) -> None:
    own = OwnCollector(bed=bed, folder=tmp_path, port=cloud.port)
    own.start()
    cloud.environment |= own.settings()
    cloud.write(*REGIONS, run="once")
    try:
        with a_small_disk(cloud.state, size=2**24) as disk:
            sweep = Running(process=cloud.begin("sweep"))
            sweep.until_all_said(f"{region}: Waiting for SSH" for region in REGIONS)
            ballast = fill(disk, left=4096)
            ended = sweep.end()
            assert ended.code == 5, ended.err
            assert "2 hosts stay: eu-west-1, us-east-1\n  cause: the journal " in ended.err
            down = cloud.run("down")
            assert down.code == 5, down.err
            # The journal's words or the system's, as it is the journal or another file that is refused.
            assert re.search("the disk is full|No space left on device", down.err), down.err
            assert {host["state"] for host in cloud.hosts()} == {"creating"}

            ballast.unlink()
            again = cloud.run("sweep")

            assert again.code == 0, again.err
            assert cloud.stored() == []
    finally:
        own.stop()
    assert [(run["tester"], run["state"]) for run in own.runs()] == [
        (region, "complete") for region in sorted(REGIONS)
    ]
    assert bed.left() == {}
