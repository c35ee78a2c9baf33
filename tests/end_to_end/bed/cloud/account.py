"""What a test can set about the account, but for faults: all of it is as new after `reset`."""

from dataclasses import dataclass, field

from tests.end_to_end.bed.cloud.keyring import Keyring

ENABLED_BY_DEFAULT = frozenset(
    (
        "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1",
        "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1",
        "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
        "ap-southeast-1", "ap-southeast-2", "ap-south-1",
    )
)  # fmt: skip
"""Regions that nobody has to opt in to; the account has opted in to all others, unless told otherwise."""

NOT_REQUIRED, OPTED_IN, NOT_OPTED_IN = "opt-in-not-required", "opted-in", "not-opted-in"
ON_DEMAND, SPOT = "L-1216C47A", "L-34B43A08"
QUOTA_VCPUS = 512.0
ANYWHERE = "*"


@dataclass(kw_only=True, slots=True)
class Account:
    """One account; whoever reads it takes what it finds at that moment."""

    keys: Keyring
    expired_code: str | None = None
    """The error code of expired keys; None: each service's own."""
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    """Calls such as `ec2:DescribeInstances`, each with its region."""
    opt_in: dict[str, str] = field(default_factory=dict)
    quotas: dict[tuple[str, str], float] = field(default_factory=dict)
    withdrawn: set[tuple[str, str]] = field(default_factory=set)
    """Instance types, each with the zone that does not offer it."""
    spot: dict[str, str] = field(default_factory=dict)
    """What new spot requests meet, by region or zone, such as `capacity-not-available`."""

    def reset(self) -> None:
        """Forget whatever was set."""
        self.keys.renew()
        self.expired_code = None
        for settings in (self.forbidden, self.opt_in, self.quotas, self.withdrawn, self.spot):
            settings.clear()

    def opt_in_status(self, region: str) -> str:
        """Tell whether a region is on, in AWS's words."""
        return self.opt_in.get(region, NOT_REQUIRED if region in ENABLED_BY_DEFAULT else OPTED_IN)

    def is_on(self, region: str) -> bool:
        """Tell whether a region answers to this account's keys."""
        return self.opt_in_status(region) != NOT_OPTED_IN

    def forbids(self, action: str, region: str) -> bool:
        """Tell whether the policy leaves out a call."""
        return not self.forbidden.isdisjoint({(action, region), (action, ANYWHERE)})

    def quota(self, region: str, code: str) -> float:
        """Return a quota in vCPUs."""
        return self.quotas.get((region, code), QUOTA_VCPUS)

    def spot_status(self, region: str, zone: str | None) -> str | None:
        """Return what a spot request meets; None for one that is granted."""
        return self.spot.get(zone or "") or self.spot.get(region) or self.spot.get(ANYWHERE)
