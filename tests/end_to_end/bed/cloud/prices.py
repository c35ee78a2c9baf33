"""The Price List API. Every figure is made up: none is a price of AWS."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from tests.end_to_end.bed.cloud.refusals import Refusal

# Region: its name, the beginning of its usage types, and how dear it is.
REGIONS = {
    "us-east-1": ("US East (N. Virginia)", "", 1.0),
    "eu-west-1": ("EU (Ireland)", "EU-", 1.1),
    "eu-central-1": ("EU (Frankfurt)", "EUC1-", 1.2),
    "sa-east-1": ("South America (Sao Paulo)", "SAE1-", 1.6),
    "ap-southeast-2": ("Asia Pacific (Sydney)", "APS2-", 1.3),
}
"""The regions that have prices; those of all others are unknown."""
HOST_USD_PER_HOUR = {
    "t3.nano": 0.005, "t3.micro": 0.01, "t3.small": 0.02, "t3.medium": 0.04,
    "t4g.nano": 0.004, "t4g.micro": 0.008, "t4g.small": 0.016, "t4g.medium": 0.032,
    "t2.micro": 0.012, "m5.large": 0.1, "c5.large": 0.09,
}  # fmt: skip
"""In us-east-1, on demand."""
ADDRESS_USD_PER_HOUR = 0.005
GP3_USD_PER_GB_MONTH = 0.08
SPOT_SHARE = 0.3
"""What a spot host costs of the price on demand."""
MARK = "made up by the bed"
PUBLISHED = "2026-11-01T00:00:00Z"
TERM, RATE = "JRTCKXETXF", "6YS6EN2CT7"


def host_usd_per_hour(region: str, instance_type: str) -> float | None:
    """Return what a host costs on demand, None where it has no price."""
    if region not in REGIONS or instance_type not in HOST_USD_PER_HOUR:
        return None
    return round(HOST_USD_PER_HOUR[instance_type] * REGIONS[region][2], 6)


def answer_to(operation: str, body: bytes) -> dict[str, Any] | Refusal:
    """Answer GetProducts."""
    asked = json.loads(body or b"{}")
    if operation != "GetProducts":
        return Refusal(code="InvalidParameterException", message=f"The bed has no {operation}")
    found = [
        json.dumps(product)
        for product in _products()
        if product["serviceCode"] == asked.get("ServiceCode")
        and all(_fits(product["product"], wanted) for wanted in asked.get("Filters", ()))
    ]
    return {"FormatVersion": "aws_v1", "PriceList": found}


def _fits(product: dict[str, Any], wanted: dict[str, str]) -> bool:
    facts = product["attributes"] | {"productFamily": product.get("productFamily", "")}
    value = facts.get(wanted["Field"])
    if wanted["Type"] == "CONTAINS":
        return value is not None and wanted["Value"] in value
    if wanted["Type"] == "ANY_OF":
        return value in wanted["Value"].split(",")
    return bool(value == wanted["Value"])


def _products() -> Iterator[dict[str, Any]]:
    for region, (location, prefix, dearness) in REGIONS.items():
        place = {"regionCode": region, "location": location, "locationType": "AWS Region"}
        for instance_type, usd in HOST_USD_PER_HOUR.items():
            yield from _hosts(place, prefix, instance_type, usd * dearness)
        disk = {
            "volumeApiName": "gp3",
            "volumeType": "General Purpose",
            "storageMedia": "SSD-backed",
            "usagetype": f"{prefix}EBS:VolumeUsage.gp3",
        }
        yield _product(
            "AmazonEC2", "Storage", place | disk, unit="GB-Mo", usd=GP3_USD_PER_GB_MONTH * dearness
        )
        for use, said in (("InUse", "In-use"), ("Idle", "Idle")):
            address = {
                "group": "VPCPublicIPv4Address",
                "groupDescription": f"Hourly charge for {said} Public IPv4 Addresses",
                "usagetype": f"{prefix or 'USE1-'}PublicIPv4:{use}Address",
            }
            yield _product("AmazonVPC", None, place | address, unit="Hrs", usd=ADDRESS_USD_PER_HOUR)


def _hosts(place: dict[str, str], prefix: str, instance_type: str, usd: float) -> Iterator[dict[str, Any]]:
    """Yield the product that is meant, and those that a question that is too wide finds as well."""
    plain = place | {
        "instanceType": instance_type,
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "licenseModel": "No License required",
        "marketoption": "OnDemand",
        "operation": "RunInstances",
        "usagetype": f"{prefix}BoxUsage:{instance_type}",
    }
    reserved = {
        "capacitystatus": "UnusedCapacityReservation",
        "usagetype": f"{prefix}UnusedBox:{instance_type}",
    }
    windows = {"operatingSystem": "Windows", "operation": "RunInstances:0002"}
    dedicated = {"tenancy": "Dedicated", "usagetype": f"{prefix}DedicatedUsage:{instance_type}"}
    for other, dearness in (({}, 1.0), (reserved, 1.0), (windows, 1.9), (dedicated, 1.4)):
        yield _product("AmazonEC2", "Compute Instance", plain | other, unit="Hrs", usd=usd * dearness)


def _product(
    service: str, family: str | None, attributes: dict[str, str], *, unit: str, usd: float
) -> dict[str, Any]:
    known = json.dumps([service, attributes], sort_keys=True)
    sku = hashlib.sha256(known.encode()).hexdigest()[:16].upper()
    dimension = {
        "unit": unit,
        "beginRange": "0",
        "endRange": "Inf",
        "description": f"${usd:.10f} per {unit}, {MARK}",
        "appliesTo": [],
        "rateCode": f"{sku}.{TERM}.{RATE}",
        "pricePerUnit": {"USD": f"{usd:.10f}"},
    }
    term = {
        "sku": sku,
        "offerTermCode": TERM,
        "effectiveDate": PUBLISHED,
        "termAttributes": {},
        "priceDimensions": {f"{sku}.{TERM}.{RATE}": dimension},
    }
    return {
        "serviceCode": service,
        "version": MARK,
        "publicationDate": PUBLISHED,
        "product": {
            "sku": sku,
            **({"productFamily": family} if family else {}),
            "attributes": attributes | {"servicecode": service, "bed": MARK},
        },
        "terms": {"OnDemand": {f"{sku}.{TERM}": term}},
    }
