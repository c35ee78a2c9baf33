"""Credentials come from where the AWS library finds them, and refusals say who can do what."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from moto import mock_aws

from orchestrator.cloud.account import Account
from orchestrator.cloud.refusals import CloudRefused, asking, refused
from orchestrator.places.machine.keys import Keys

OWN = Keys(access_key="AKIAOWN", secret_key="own", session_token="", source="options")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_keys_of_the_environment_are_used_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    keys = Account(environment={}).keys()

    assert (keys.access_key, keys.source) == ("AKIAENV", "environment")


def test_a_process_that_gives_keys_that_are_old_already_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    script = tmp_path / "fresh"
    script.write_text(
        f"#!/bin/sh\necho x >>{count}\n"
        'echo \'{"Version": 1, "AccessKeyId": "ASIA\'$(wc -l <' + str(count) + ")'\", "
        '"SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2020-01-01T00:00:00Z"}\'\n',
        encoding="ascii",
    )
    script.chmod(0o700)
    (tmp_path / "config").write_text(f"[profile work]\ncredential_process = {script}\n", encoding="ascii")
    monkeypatch.setenv("AWS_PROFILE", "work")
    account = Account(environment={"AWS_PROFILE": "work"})

    with pytest.raises(CloudRefused, match="expired") as expired:
        account.keys()

    assert "sso login" in expired.value.next_step


def test_without_any_credentials_the_remedy_is_named() -> None:
    with pytest.raises(CloudRefused) as none:
        Account(environment={}).keys()

    assert none.value.what == "there are no AWS credentials"
    assert "AWS_PROFILE" in none.value.next_step


def test_a_profile_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(CloudRefused, match="no AWS credentials") as none:
        Account(environment={"AWS_PROFILE": "nobody"}).keys()

    assert "nobody" in none.value.cause


def test_keys_in_a_testers_options_are_its_own_account() -> None:
    account = Account(environment={}, keys=OWN)
    with mock_aws():
        assert account.keys() == OWN
        assert account.identity().account == "123456789012"
        assert account.client("ec2", "eu-west-1") is account.client("ec2", "eu-west-1")


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("RequestExpired", "the AWS credentials have expired"),
        ("ExpiredTokenException", "the AWS credentials have expired"),
        ("AuthFailure", "AWS does not take these credentials in eu-west-1"),
        ("UnauthorizedOperation", "the account's policy does not allow RunInstances in eu-west-1"),
        ("RequestLimitExceeded", "eu-west-1 throttles our requests"),
        ("Unheard", "eu-west-1 refused RunInstances"),
    ],
)
def test_each_refusal_of_the_cloud_has_its_card(code: str, what: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": "no"}}, "RunInstances")

    with pytest.raises(CloudRefused) as card, asking("eu-west-1"):
        raise error

    assert (card.value.what, card.value.code, card.value.exit_code) == (what, code, 2)
    assert "no" in card.value.cause


def test_an_encoded_message_of_a_refusal_is_not_repeated() -> None:
    said = "You are not authorized. Encoded authorization failure message: AbCd-secret"
    error = ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": said}}, "RunInstances")

    assert "AbCd" not in refused(error, region="x").cause


def test_a_way_that_is_closed_is_not_taken_for_wrong_keys() -> None:
    card = refused(EndpointConnectionError(endpoint_url="https://ec2.x"), region="eu-west-1")

    assert card.what == "the API of eu-west-1 cannot be reached"
    assert refused(NoCredentialsError(), region="eu-west-1").what == "there are no AWS credentials"


def test_keys_that_end_before_their_time_are_looked_for_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "credentials"
    path.write_text("[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = s\n", encoding="ascii")
    account = Account(environment={})
    used: list[str] = []

    def answer(request: Any, **_: object) -> AWSResponse:
        key = re.search(r"Credential=(\w+)/", request.headers["Authorization"].decode())
        assert key is not None
        used.append(key[1])
        if key[1] == "AKIAOLD":
            path.write_text(path.read_text(encoding="ascii").replace("OLD", "NEW"), encoding="ascii")
            return said(
                400, "<Response><Errors><Error><Code>RequestExpired</Code></Error></Errors></Response>"
            )
        return said(200, "<DescribeKeyPairsResponse><keySet/></DescribeKeyPairsResponse>")

    client = account.client("ec2", "eu-west-1")
    client.meta.events.register("before-send.ec2.*", answer)

    assert client.describe_key_pairs()["KeyPairs"] == []
    assert used == ["AKIAOLD", "AKIANEW"]
    assert account.keys().access_key == "AKIANEW"


def test_keys_that_stay_expired_are_told_after_one_more_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    calls: list[str] = []

    def answer(request: Any, **_: object) -> AWSResponse:
        calls.append(request.url)
        return said(400, "<Response><Errors><Error><Code>RequestExpired</Code></Error></Errors></Response>")

    client = Account(environment={}).client("ec2", "eu-west-1")
    client.meta.events.register("before-send.ec2.*", answer)

    with pytest.raises(CloudRefused, match="have expired"), asking("eu-west-1"):
        client.describe_key_pairs()
    assert len(calls) == 2


def said(status: int, body: str) -> AWSResponse:
    return AWSResponse("https://ec2.invalid", status, {}, RawResponse(body.encode()))


class RawResponse(io.BytesIO):
    """What the library reads a body from."""

    def stream(self, amount: int = 1024, **_: object) -> Iterator[bytes]:
        while chunk := self.read(amount):
            yield chunk
