"""What becomes of requests for spare capacity."""

from orchestrator.cloud.clients import Clients, pages
from orchestrator.cloud.refusals import asking

HELD = frozenset({
    "az-group-constraint", "capacity-not-available", "capacity-oversubscribed", "constraint-not-fulfillable",
    "launch-group-constraint", "not-scheduled-yet", "placement-group-constraint", "price-too-low",
})  # fmt: skip
"""The states of a request that waits for something; source: EC2's list of Spot request status codes."""


def spot_refusal(clients: Clients, host_name: str, *, region: str) -> str:
    """Return why a host's request is not granted now, empty where it has none or it may be.

    Raise `CloudRefused`.
    """
    filters = [{"Name": "state", "Values": ["open"]}]
    with asking(region):
        ec2 = clients.client("ec2", region)
        for item in pages(ec2, "describe_spot_instance_requests", "SpotInstanceRequests", Filters=filters):
            key_name = (item.get("LaunchSpecification") or {}).get("KeyName", "")
            status = item.get("Status", {})
            # A fork adds something to the name of a key pair.
            if key_name.startswith(host_name) and status.get("Code") in HELD:
                return f"{status['Code']}: {status.get('Message', '')}".rstrip(": ")
    return ""
