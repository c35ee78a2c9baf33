"""A tester may have a token from each of two orchestrators."""

from collector.auth import digest_of_token
from tests.collector.a_collector import Collector, a_report, basic


def put(collector: Collector, *, token: str, keep_tokens: bool) -> None:
    answer = collector.client.put(
        f"/api/v1/testers/{collector.tester_id}",
        json={
            "fleet_id": str(collector.fleet_id),
            "name": "virginia",
            "config": {},
            "token_sha256": digest_of_token(token),
            "keep_tokens": keep_tokens,
        },
        headers=collector.admin,
    )
    assert answer.status_code == 200, answer.text


def status_of_delivery(collector: Collector, *, token: str) -> int:
    report = a_report(collector.tester_id)
    headers = basic(collector.tester_id, token)
    return int(collector.deliver(report, headers=headers).status_code)


def test_a_token_that_is_added_leaves_the_first_one_valid(collector: Collector) -> None:
    put(collector, token="first", keep_tokens=False)
    put(collector, token="second", keep_tokens=True)
    put(collector, token="second", keep_tokens=True)

    assert status_of_delivery(collector, token="first") == 201
    assert status_of_delivery(collector, token="second") == 201


def test_a_token_that_replaces_ends_the_first_one(collector: Collector) -> None:
    put(collector, token="first", keep_tokens=False)
    put(collector, token="second", keep_tokens=False)

    assert status_of_delivery(collector, token="first") == 401
    assert status_of_delivery(collector, token="second") == 201
