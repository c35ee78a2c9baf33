"""Calls that the bed answers by itself: moto knows them not, or not as the account is set."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models import EC2Backend

from tests.end_to_end.bed.cloud import parameters, prices, quotas
from tests.end_to_end.bed.cloud.account import NOT_OPTED_IN, Account
from tests.end_to_end.bed.cloud.keyring import ACCOUNT_ID, ROLE
from tests.end_to_end.bed.cloud.refusals import JSON, XML, Refusal
from tests.end_to_end.bed.regions import REGIONS

Answer = tuple[str, bytes]
HOUR_S = 3600.0
EC2_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def answer_to(
    service: str,
    operation: str,
    *,
    region: str,
    form: Mapping[str, str],
    body: bytes,
    access_key: str,
    account: Account,
    backend: EC2Backend,
) -> Answer | Refusal | None:
    """Return the content type and the body of an answer; None for what moto shall answer."""
    if service == "sts":
        return _sts(operation, form, access_key=access_key, account=account)
    if service == "ec2":
        if operation == "DescribeAccountAttributes":
            return _default_vpc(backend)
        if operation == "DescribeRegions":
            return _regions(form, account)
        if operation == "DescribeSpotPriceHistory":
            return _spot_prices(form, backend)
        return None
    told: dict[str, Any] | Refusal | None = None
    if service == "ssm":
        told = parameters.answer_to(operation, body, backend=backend)
    elif service == "servicequotas":
        told = quotas.answer_to(operation, body, account=account, region=region)
    elif service == "pricing":
        told = prices.answer_to(operation, body)
    return (JSON, json.dumps(told).encode()) if isinstance(told, dict) else told


def values(form: Mapping[str, str], name: str) -> list[str]:
    """Return a list of a form, such as `RegionName.1`, `RegionName.2`."""
    return [value for key, value in form.items() if key.rpartition(".")[0] == name]


def filters(form: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the filters of a form."""
    return {
        value: values(form, f"{key.removesuffix('.Name')}.Value")
        for key, value in form.items()
        if key.startswith("Filter.") and key.endswith(".Name")
    }


def _default_vpc(backend: EC2Backend) -> Answer:
    # moto says that there is no default VPC, though it makes one for each region.
    vpc = backend.get_default_vpc()
    value = f"<item><attributeValue>{vpc.id if vpc else 'none'}</attributeValue></item>"
    attribute = f"<attributeName>default-vpc</attributeName><attributeValueSet>{value}</attributeValueSet>"
    return _xml(
        "DescribeAccountAttributes", f"<accountAttributeSet><item>{attribute}</item></accountAttributeSet>"
    )


def _regions(form: Mapping[str, str], account: Account) -> Answer:
    named, kept = values(form, "RegionName"), filters(form)
    items = ""
    for region in REGIONS:
        status, endpoint = account.opt_in_status(region), f"ec2.{region}.amazonaws.com"
        facts = {"region-name": region, "opt-in-status": status, "endpoint": endpoint}
        if status == NOT_OPTED_IN and form.get("AllRegions") != "true":
            continue
        if (named and region not in named) or any(facts.get(name) not in kept[name] for name in kept):
            continue
        items += (
            f"<item><regionName>{region}</regionName><regionEndpoint>{endpoint}</regionEndpoint>"
            f"<optInStatus>{status}</optInStatus></item>"
        )
    return _xml("DescribeRegions", f"<regionInfo>{items}</regionInfo>")


def _spot_prices(form: Mapping[str, str], backend: EC2Backend) -> Answer:
    kept, region = filters(form), backend.region_name
    types = values(form, "InstanceType") or kept.get("instance-type") or list(prices.HOST_USD_PER_HOUR)
    zones = [form["AvailabilityZone"]] if "AvailabilityZone" in form else kept.get("availability-zone")
    items = ""
    for zone in backend.describe_availability_zones():
        for instance_type in types:
            usd = prices.host_usd_per_hour(region, instance_type)
            if usd is not None and (zones is None or zone.name in zones):
                items += (
                    f"<item><instanceType>{instance_type}</instanceType>"
                    f"<productDescription>Linux/UNIX</productDescription>"
                    f"<spotPrice>{usd * prices.SPOT_SHARE:.6f}</spotPrice>"
                    f"<timestamp>{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}</timestamp>"
                    f"<availabilityZone>{zone.name}</availabilityZone></item>"
                )
    return _xml("DescribeSpotPriceHistory", f"<spotPriceHistorySet>{items}</spotPriceHistorySet>")


def _sts(
    operation: str, form: Mapping[str, str], *, access_key: str, account: Account
) -> Answer | Refusal | None:
    if operation == "GetCallerIdentity":
        arn = account.keys.arn(access_key)
        told = f"<Arn>{arn}</Arn><UserId>AIDABEDBEDBEDBEDBED00</UserId><Account>{ACCOUNT_ID}</Account>"
    elif operation in ("AssumeRole", "GetSessionToken"):
        issued = account.keys.issue(float(form.get("DurationSeconds", HOUR_S)))
        told = (
            f"<Credentials><AccessKeyId>{issued.access_key}</AccessKeyId>"
            f"<SecretAccessKey>{issued.secret}</SecretAccessKey><SessionToken>{issued.token}</SessionToken>"
            f"<Expiration>{issued.expiration}</Expiration></Credentials>"
        )
        if operation == "AssumeRole":
            role = f"<AssumedRoleId>AROABEDBEDBEDBEDBED00:bed</AssumedRoleId><Arn>{ROLE}</Arn>"
            told += f"<AssumedRoleUser>{role}</AssumedRoleUser>"
    else:
        return None
    result = f"<{operation}Result>{told}</{operation}Result>"
    return _xml(operation, result, namespace=STS_NAMESPACE)


def _xml(operation: str, inner: str, *, namespace: str = EC2_NAMESPACE) -> Answer:
    name = f"{operation}Response"
    return XML, f'<?xml version="1.0"?><{name} xmlns="{namespace}">{inner}</{name}>'.encode()
