"""What the cloud says of requests for spare capacity."""

from typing import Any

import pytest

from orchestrator.cloud.spot import spot_refusal, spot_takings

REGION = "eu-west-1"


class Ec2:
    """Answers with requests that it was told."""

    def __init__(self, *requests: tuple[str, str]) -> None:
        self._requests = [
            {"LaunchSpecification": {"KeyName": key}, "Status": {"Code": code, "Message": "so it is"}}
            for key, code in requests
        ]

    def client(self, service: str, region: str) -> Any:
        assert (service, region) == ("ec2", REGION)
        return self

    def can_paginate(self, operation: str) -> bool:
        assert operation == "describe_spot_instance_requests"
        return True

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_spot_instance_requests"
        return self

    def paginate(self, **_: object) -> list[dict[str, Any]]:
        return [{"SpotInstanceRequests": self._requests}]


@pytest.mark.parametrize("code", ["marked-for-termination", "instance-terminated-no-capacity"])
def test_a_host_that_is_taken_back_is_told_with_the_reason(code: str) -> None:
    account = Ec2(("mill-a-1", "fulfilled"), ("mill-b-1", code), ("other", "marked-for-stop"))

    found = spot_takings(account, ["mill-a-1", "mill-b-1", "mill-c-1"], region=REGION)

    assert found == {"mill-a-1": "", "mill-b-1": f"{code}: so it is"}


def test_an_older_request_of_a_host_does_not_hide_that_it_is_taken_back() -> None:
    account = Ec2(("mill-a-1", "instance-terminated-no-capacity"), ("mill-a-1", "fulfilled"))

    assert spot_takings(account, ["mill-a-1"], region=REGION)["mill-a-1"]


def test_a_request_that_waits_says_what_for() -> None:
    account = Ec2(("mill-a-1", "capacity-not-available"), ("mill-b-1", "pending-evaluation"))

    assert spot_refusal(account, "mill-a-1", region=REGION) == "capacity-not-available: so it is"
    assert spot_refusal(account, "mill-b-1", region=REGION) == ""
