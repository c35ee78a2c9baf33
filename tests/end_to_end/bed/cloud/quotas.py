"""Service Quotas: how many vCPUs may run."""

import json
from typing import Any

from tests.end_to_end.bed.cloud.account import ON_DEMAND, SPOT, Account
from tests.end_to_end.bed.cloud.keyring import ACCOUNT_ID
from tests.end_to_end.bed.cloud.refusals import Refusal

STANDARD = "Standard (A, C, D, H, I, M, R, T, Z)"
NAMES = {
    ON_DEMAND: f"Running On-Demand {STANDARD} instances",
    SPOT: f"All {STANDARD} Spot Instance Requests",
}


def answer_to(operation: str, body: bytes, *, account: Account, region: str) -> dict[str, Any] | Refusal:
    """Answer for EC2's quotas; there are no others."""
    asked = json.loads(body or b"{}")
    if asked.get("ServiceCode") == "ec2":
        if operation == "ListServiceQuotas":
            return {"Quotas": [_quota(code, account, region) for code in NAMES]}
        if operation == "GetServiceQuota" and asked.get("QuotaCode") in NAMES:
            return {"Quota": _quota(asked["QuotaCode"], account, region)}
    return Refusal(
        code="NoSuchResourceException",
        message="The request failed because the specified service does not exist.",
    )


def _quota(code: str, account: Account, region: str) -> dict[str, Any]:
    return {
        "ServiceCode": "ec2",
        "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
        "QuotaArn": f"arn:aws:servicequotas:{region}:{ACCOUNT_ID}:ec2/{code}",
        "QuotaCode": code,
        "QuotaName": NAMES[code],
        "Value": account.quota(region, code),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }
