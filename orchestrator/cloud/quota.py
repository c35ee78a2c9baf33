"""How many vCPUs an account may run in a region."""

from orchestrator.cloud.clients import Clients
from orchestrator.cloud.refusals import asking

ON_DEMAND, SPOT = "L-1216C47A", "L-34B43A08"
"""The quotas of ordinary types (A, C, D, H, I, M, R, T, Z), by their codes at AWS."""


def quota_vcpus(clients: Clients, region: str, *, spot: bool = False) -> float:
    """Return how many vCPUs may run in a region at once; raise `CloudRefused`."""
    with asking(region):
        found = clients.client("service-quotas", region).get_service_quota(
            ServiceCode="ec2", QuotaCode=SPOT if spot else ON_DEMAND
        )
    return float(found["Quota"]["Value"])
