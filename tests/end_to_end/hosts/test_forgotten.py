"""Hosts that everybody forgets end by themselves; things that nobody knows are found and removed."""

import json
import shutil

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet
from tests.end_to_end.hosts.running import Running
from tests.end_to_end.hosts.several import several

REGION = "eu-west-1"
LIFE_S = 45


def fleet_id_of(cloud: CloudFleet) -> str:
    return str(cloud.status()["fleet_id"])


def test_an_orchestrator_that_is_gone_for_good_leaves_hosts_that_end_by_themselves(
    bed: Bed, cloud: CloudFleet
) -> None:
    cloud.write(REGION, run="{repeat: 1000, every: 1s}", more=f"limits: {{ttl: {LIFE_S}s}}")
    up = cloud.run("up", "--detach")
    assert up.code == 0, up.err
    assert bed.state()[REGION]["instances"]
    cloud.clear()

    cloud.wait_until(lambda: not bed.state().get(REGION, {}).get("instances"), within_s=4 * LIFE_S)

    assert bed.state()[REGION]["volumes"] == []
    assert bed.state()[REGION]["spot_requests"] == []


def test_a_fresh_machine_removes_a_fleet_by_its_id_alone(bed: Bed, cloud: CloudFleet) -> None:
    cloud.write(REGION, "us-east-1")
    assert cloud.run("up").code == 0
    fleet_id = fleet_id_of(cloud)
    cloud.clear()
    shutil.rmtree(cloud.state)

    down = cloud.run("down", "--fleet-id", fleet_id)

    assert down.code == 0, down.err
    assert "2 instances" in down.err
    assert bed.left() == {}


def test_what_a_lost_journal_left_is_found_and_removed(bed: Bed, cloud: CloudFleet) -> None:
    cloud.write(REGION)
    up = Running(process=cloud.begin("up"))
    up.until_said(f"{REGION}: Waiting for SSH")
    up.process.kill()
    up.end()
    fleet_id = fleet_id_of(cloud)
    cloud.clear()
    shutil.rmtree(cloud.state)

    found = cloud.run("orphans", "--all-regions", "--format", "json")
    assert found.code == 5, found.err
    things = json.loads(found.out)["orphans"]
    assert {thing["kind"] for thing in things} >= {"instance", "key pair", "security group"}
    assert {thing["region"] for thing in things} == {REGION}

    # A fleet that nobody here knows may be a colleague's.
    stays = cloud.run("orphans", "--all-regions", "--remove", "--yes")
    assert stays.code == 5, stays.err
    assert REGION in bed.left()

    removed = cloud.run("orphans", "--all-regions", "--remove", "--yes", "--fleet-id", fleet_id)
    assert removed.code == 0, removed.err
    assert bed.left() == {}


def test_two_teams_with_fleets_of_one_name_leave_each_others_alone(bed: Bed, cloud: CloudFleet) -> None:
    with several(cloud, count=2) as fleets:
        for fleet in fleets:
            fleet.name = "mill"
            fleet.write(REGION)
            assert fleet.run("up").code == 0
        ours, theirs = fleets
        down = ours.run("down")
        assert down.code == 0, down.err
        removed = ours.run("orphans", "--all-regions", "--remove", "--yes")

        (host,) = theirs.hosts()
        held = bed.left()[REGION]
        assert [each["name"] for each in held["instances"].values()] == [host["name"]]
        assert held["key_pairs"] == [host["name"]]
        assert held["groups"] == [f"orchestrate-{fleet_id_of(theirs)}"]
        assert removed.code == 5, removed.err
        assert "nobody here knows" in removed.err
        assert theirs.run("down").code == 0
    assert bed.left() == {}


def test_regions_measure_each_other_and_let_nobody_else_in(bed: Bed, cloud: CloudFleet) -> None:
    regions = ("eu-west-1", "us-east-1", "ap-northeast-1")
    path = cloud.write(*regions)
    text = path.read_text()
    line = next(line for line in text.splitlines() if line.startswith("servers:"))
    path.write_text(text.replace(line, "servers: [{from: testers, group: peers}]"))

    up = cloud.run("up")

    assert up.code == 0, up.err
    shown = cloud.run("report", "matrix", "--format", "json")
    matrix = json.loads(shown.out)
    cells = {
        (row["name"], column["name"]): cell
        for row, each in zip(matrix["testers"], matrix["cells"], strict=True)
        for column, cell in zip(matrix["servers"], each, strict=True)
        if cell is not None
    }
    assert set(cells) == {(one, other) for one in regions for other in regions if one != other}
    assert all(cell["loss_ratio"] == 0 for cell in cells.values()), cells
    assert cloud.run("down").code == 0
    assert bed.left() == {}
