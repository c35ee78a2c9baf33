"""The policy that the documentation names is all that is needed."""

import json
from pathlib import Path

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet

POLICY = Path(__file__).parents[3] / "docs" / "iam-policy.json"
SERVICES = {"service-quotas": "servicequotas"}
"""What a policy calls a service that the bed's log calls otherwise."""


def allowed() -> set[str]:
    statements = json.loads(POLICY.read_text(encoding="utf-8"))["Statement"]
    return {action for statement in statements for action in statement["Action"]}


def test_every_call_of_a_fleets_life_is_in_the_policy(bed: Bed, cloud: CloudFleet) -> None:
    cloud.write(
        "eu-west-1",
        testers="  - {name: cheap, use: aws, spot: true, location: {region: us-east-1},"
        " options: {amazonec2-region: us-east-1}}",
    )
    before = len(bed.log())
    assert cloud.run("check").code == 0
    assert cloud.run("up").code == 0
    assert cloud.run("orphans", "--all-regions").code == 0
    assert cloud.run("down").code == 0

    made = {
        f"{SERVICES.get(event['service'], event['service'])}:{event['call']}"
        for event in bed.log()[before:]
        if "call" in event
    }

    assert "ec2:RunInstances" in made
    assert "ec2:RequestSpotInstances" in made
    assert made <= allowed(), sorted(made - allowed())
