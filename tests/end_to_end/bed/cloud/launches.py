"""What the cloud looks at before it launches: moto launches whatever it is asked for."""

from collections.abc import Mapping

from moto.ec2.models import EC2Backend
from moto.ec2.models.instance_types import (
    INSTANCE_TYPE_OFFERINGS,
    INSTANCE_TYPES,
    InstanceTypeOfferingBackend,
)

from tests.end_to_end.bed.cloud.account import ON_DEMAND, SPOT, Account
from tests.end_to_end.bed.cloud.refusals import Refusal
from tests.end_to_end.bed.regions import REGIONS

STANDARD = "acdhimrtz"
EVERYWHERE = (
    "t3.nano",
    "t3.micro",
    "t3.small",
    "t3.medium",
    "t4g.nano",
    "t4g.micro",
    "t4g.small",
    "t4g.medium",
)
"""Types that every zone of every region offers, unless a test withdraws them; moto's lists have gaps."""


def refusal(
    operation: str, form: Mapping[str, str], *, zone: str | None, backend: EC2Backend, account: Account
) -> Refusal | None:
    """Return why RunInstances or RequestSpotInstances is refused, None for one that goes well."""
    spot = operation == "RequestSpotInstances"
    spec = "LaunchSpecification." if spot else ""
    instance_type = form.get(f"{spec}InstanceType", "m1.small")
    count = int(form.get("InstanceCount" if spot else "MaxCount", "1"))
    if backend.get_default_vpc() is None and not any(name.endswith("SubnetId") for name in form):
        return Refusal(code="VPCIdNotSpecified", message="No default VPC for this user")
    if not spot and (instance_type, zone or "") in account.withdrawn:
        message = (
            f"Your requested instance type ({instance_type}) is not supported in your requested Availability "
            f"Zone ({zone}). Please retry your request by not specifying an Availability Zone or choosing "
            "another one."
        )
        return Refusal(code="Unsupported", message=message)
    image = backend.amis.get(form.get(f"{spec}ImageId", ""))
    supported = (
        INSTANCE_TYPES.get(instance_type, {}).get("ProcessorInfo", {}).get("SupportedArchitectures", [])
    )
    if image is not None and supported and image.architecture not in supported:
        message = (
            f"The architecture '{','.join(supported)}' of the specified instance type does not match the "
            f"architecture '{image.architecture}' of the specified AMI. Specify an instance type and an AMI "
            "that have matching architectures, and try again. You can use 'describe-instance-types' or "
            "'describe-images' to discover the architecture of the instance type or AMI."
        )
        return Refusal(code="InvalidParameterValue", message=message)
    return _over_quota(instance_type, count, spot=spot, backend=backend, account=account)


def _over_quota(
    instance_type: str, count: int, *, spot: bool, backend: EC2Backend, account: Account
) -> Refusal | None:
    if instance_type[0] not in STANDARD:
        return None
    limit = account.quota(backend.region_name, SPOT if spot else ON_DEMAND)
    used = sum(
        _vcpus(instance.instance_type)
        for instance in backend.all_instances()
        if instance.state in ("pending", "running") and (instance.lifecycle == "spot") == spot
    )
    if used + count * _vcpus(instance_type) <= limit:
        return None
    if spot:
        return Refusal(code="MaxSpotInstanceCountExceeded", message="Max spot instance count exceeded")
    message = (
        f"You have requested more vCPU capacity than your current vCPU limit of {limit:.0f} allows for the "
        "instance bucket that the specified instance type belongs to. Please visit "
        "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit."
    )
    return Refusal(code="VcpuLimitExceeded", message=message)


def _vcpus(instance_type: str) -> int:
    return int(INSTANCE_TYPES.get(instance_type, {}).get("VCpuInfo", {}).get("DefaultVCpus", 1))


def install(backends: Mapping[str, EC2Backend], account: Account) -> None:
    """Let every region offer the usual types, but for those that are withdrawn from a zone."""
    for region in REGIONS:
        for location_type in INSTANCE_TYPE_OFFERINGS:
            offered = INSTANCE_TYPE_OFFERINGS[location_type].setdefault(region, [])
            there = {(each["InstanceType"], each["Location"]) for each in offered}
            offered += [
                {"InstanceType": instance_type, "Location": location, "LocationType": location_type}
                for location in _locations(location_type, region, backends)
                for instance_type in EVERYWHERE
                if (instance_type, location) not in there
            ]
    plain = InstanceTypeOfferingBackend.describe_instance_type_offerings

    def describe(
        backend: EC2Backend, location_type: str | None = None, filters: dict[str, list[str]] | None = None
    ) -> list[dict[str, str]]:
        names = {zone.zone_id: zone.name for zone in backend.describe_availability_zones()}

        def is_offered(each: dict[str, str]) -> bool:
            zones = [names.get(each["Location"], each["Location"])]
            if each["LocationType"] == "region":
                zones = list(names.values())
            return any((each["InstanceType"], zone) not in account.withdrawn for zone in zones)

        return [each for each in plain(backend, location_type, filters) if is_offered(each)]

    # moto offers no hook for it.
    setattr(InstanceTypeOfferingBackend, "describe_instance_type_offerings", describe)  # noqa: B010


def _locations(location_type: str, region: str, backends: Mapping[str, EC2Backend]) -> list[str]:
    if location_type == "region":
        return [region]
    zones = backends[region].describe_availability_zones()
    return [zone.name if location_type == "availability-zone" else zone.zone_id for zone in zones]
