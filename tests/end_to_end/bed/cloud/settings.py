"""What the desk can set about the account; each function is one question."""

from collections.abc import Callable
from typing import Any

from tests.end_to_end.bed.cloud import parameters, spot
from tests.end_to_end.bed.cloud.account import NOT_OPTED_IN, OPTED_IN, Account
from tests.end_to_end.bed.cloud.instances import EC2, MOTO
from tests.end_to_end.bed.record import Record

ARCHITECTURES = ("amd64", "arm64")


def settings(account: Account, record: Record) -> dict[str, Callable[..., Any]]:
    """Return the questions by their names; what is set goes into the record."""

    def noted(name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def do(**words: Any) -> Any:
            answer = ask(account, **words)
            record.add(set=name, **words)
            return answer

        return do

    questions = (
        _expire_keys,
        _issue_keys,
        _forbid,
        _quota,
        _opt_in,
        _withdraw,
        _spot,
        _no_default_vpc,
        _image,
    )
    return {ask.__name__[1:]: noted(ask.__name__[1:], ask) for ask in questions}


def _expire_keys(account: Account, code: str | None) -> None:
    account.expired_code = code
    account.keys.expire()


def _issue_keys(account: Account, life_s: float) -> dict[str, Any]:
    issued = account.keys.issue(life_s)
    # As a credential_process prints them.
    return {
        "Version": 1,
        "AccessKeyId": issued.access_key,
        "SecretAccessKey": issued.secret,
        "SessionToken": issued.token,
        "Expiration": issued.expiration,
    }


def _forbid(account: Account, action: str, region: str) -> None:
    service, colon, operation = action.partition(":")
    if not (service and colon and operation):
        raise ValueError(f"no action {action!r}: it is written like ec2:RunInstances")
    account.forbidden.add((action, region))


def _quota(account: Account, region: str, vcpus: float, code: str) -> None:
    account.quotas[region, code] = vcpus


def _opt_in(account: Account, region: str, is_on: bool) -> None:
    account.opt_in[region] = OPTED_IN if is_on else NOT_OPTED_IN


def _withdraw(account: Account, instance_type: str, region: str, zone: str | None) -> None:
    zones = [each.name for each in EC2[region].describe_availability_zones()]
    account.withdrawn |= {(instance_type, name) for name in zones if zone is None or name.endswith(zone)}


def _spot(account: Account, where: str, status: str | None) -> None:
    if status is None:
        account.spot.pop(where, None)
    else:
        account.spot[where] = status
    with MOTO:
        for backend in EC2.values():
            spot.settle(backend, account)


def _no_default_vpc(account: Account, region: str) -> None:
    """Take the region's away; it is back when the account is emptied."""
    backend = EC2[region]
    with MOTO:
        vpc = backend.get_default_vpc()
        if vpc is None:
            return
        for subnets in backend.subnets.values():
            for subnet in [each for each in subnets.values() if each.vpc_id == vpc.id]:
                del subnets[subnet.id]
        del backend.vpcs[vpc.id]


def _image(account: Account, region: str, architecture: str, release: str) -> str:
    if architecture not in ARCHITECTURES:
        raise ValueError(f"no architecture {architecture!r}: one of {', '.join(ARCHITECTURES)}")
    with MOTO:
        return parameters.image(release, architecture, backend=EC2[region])
