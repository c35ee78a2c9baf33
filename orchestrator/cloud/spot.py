"""What becomes of requests for spare capacity."""

from collections.abc import Collection

from orchestrator.cloud.clients import Clients, pages
from orchestrator.cloud.refusals import asking

HELD = frozenset({
    "az-group-constraint", "capacity-not-available", "capacity-oversubscribed", "constraint-not-fulfillable",
    "launch-group-constraint", "not-scheduled-yet", "placement-group-constraint", "price-too-low",
})  # fmt: skip
"""The states of a request that waits for something; source: EC2's list of Spot request status codes."""


TAKEN = frozenset({
    "instance-stopped-by-price", "instance-stopped-capacity-oversubscribed", "instance-stopped-no-capacity",
    "instance-terminated-by-price", "instance-terminated-by-service",
    "instance-terminated-capacity-oversubscribed", "instance-terminated-launch-group-constraint",
    "instance-terminated-no-capacity", "marked-for-stop", "marked-for-termination",
})  # fmt: skip
"""The states of a request whose instance the cloud takes back, or has taken; the same source."""


def spot_takings(clients: Clients, host_names: Collection[str], *, region: str) -> dict[str, str]:
    """Return, for each of some hosts that stands on spare capacity, why the cloud takes it back.

    The reason is empty where it does not. Raise `CloudRefused`.
    """
    found: dict[str, str] = {}
    with asking(region):
        ec2 = clients.client("ec2", region)
        for item in pages(ec2, "describe_spot_instance_requests", "SpotInstanceRequests"):
            key_name = (item.get("LaunchSpecification") or {}).get("KeyName", "")
            status = item.get("Status", {})
            for name in host_names:
                if key_name.startswith(name):
                    is_taken = status.get("Code") in TAKEN
                    why = f"{status['Code']}: {status.get('Message', '')}".rstrip(": ") if is_taken else ""
                    found[name] = found.get(name) or why
    return found


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
