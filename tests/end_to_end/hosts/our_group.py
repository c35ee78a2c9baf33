"""The security group of the one fleet that stands in a region of the bed."""

from typing import Any

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.bed.calling import aws


def our_group(bed: Bed, region: str) -> dict[str, Any]:
    """Return the group as the cloud describes it."""
    filters = [{"Name": "group-name", "Values": ["orchestrate-*"]}]
    (group,) = aws(bed, "ec2", region, "describe_security_groups", Filters=filters)["SecurityGroups"]
    return dict(group)


def assert_open_to_us_only(bed: Bed, region: str) -> None:
    """Assert that every rule of our group names our own address."""
    group = our_group(bed, region)
    networks = {item["CidrIp"] for rule in group["IpPermissions"] for item in rule["IpRanges"]}
    assert networks == {f"{bed.address}/32"}
    assert not any(rule.get("Ipv6Ranges") for rule in group["IpPermissions"])
