"""Spot requests: evaluated, fulfilled or left waiting, and ended with the reason that AWS gives."""

from datetime import UTC, datetime
from typing import Any, cast

from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance
from moto.ec2.models.spot_requests import SpotInstanceRequest, SpotRequestBackend
from moto.ec2.utils import random_spot_request_id

from tests.end_to_end.bed.cloud.account import Account

MESSAGES = {
    "pending-evaluation": "Your Spot request has been submitted for review, and is pending evaluation.",
    "fulfilled": "Your Spot request is fulfilled.",
    "capacity-not-available": "There is no Spot capacity available that matches your request.",
    "price-too-low": "Your Spot request price is lower than the minimum required fulfillment price.",
    "bad-parameters": "Your Spot request is invalid.",
    "marked-for-termination": "Spot Instance is marked for termination.",
    "instance-terminated-no-capacity": "Your Spot Instance was terminated because there is no longer enough "
    "Spot capacity available.",
    "instance-terminated-by-user": "Your Spot Instance was terminated by you.",
    "canceled-before-fulfillment": "Your Spot request was canceled before it was fulfilled.",
    "request-canceled-and-instance-running": "Your Spot request is canceled, and the instance is running.",
}
FAILED = ("bad-parameters", "system-error")


class Nobody:
    """Stands where moto keeps the instance of a request, until there is one."""

    id = None


class Request(SpotInstanceRequest):
    """A request that waits until it is settled: moto's are granted while they are made."""

    def __init__(self, *words: Any, **options: Any) -> None:
        self._since = datetime.now(UTC)
        super().__init__(*words, **options)
        self.move("open", "pending-evaluation")

    def launch_instance(self) -> Instance:
        """Launch nothing yet."""
        return cast("Instance", Nobody())

    def fulfil(self) -> None:
        """Launch the instance."""
        self.instance = super().launch_instance()
        # Read by DescribeInstances.
        vars(self.instance)["spot_instance_request_id"] = self.id
        self.move("active", "fulfilled")

    def move(self, state: str, code: str) -> None:
        """Enter a state, with the code and the message of its reason."""
        self.state, self._status_code = state, code
        self.status_message = MESSAGES.get(code, code)
        self._since = datetime.now(UTC)

    @property
    def status(self) -> dict[str, Any]:
        """The code, its message, and since when."""
        return {
            "Code": self._status_code,
            "Message": self.status_message,
            "UpdateTime": _written(self._since),
        }

    @property
    def create_time(self) -> str:
        """When it was asked for, more or less."""
        return _written(self._since)

    @property
    def launched_availability_zone(self) -> str | None:
        """Where its instance is."""
        return getattr(self.instance, "availability_zone", None)

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        """Return what a filter of DescribeSpotInstanceRequests looks at."""
        known = {
            "instance-id": self.instance_id,
            "status-code": self._status_code,
            "launch.key-name": self.launch_specification.key_name,
            "launch.instance-type": self.launch_specification.instance_type,
            "type": self.type,
        }
        if filter_name in known:
            return known[filter_name]
        return super().get_filter_value(filter_name, method_name)


def install() -> None:
    """Let moto keep requests of ours, also those that were cancelled."""

    def request(backend: SpotRequestBackend, **words: Any) -> list[SpotInstanceRequest]:
        made: list[SpotInstanceRequest] = []
        for _ in range(words.pop("count", 1)):
            # moto's own parameters have other names than what it makes of them.
            made.append(_request(backend, **words))
            backend.spot_instance_requests[made[-1].id] = made[-1]
        return made

    def cancel(backend: SpotRequestBackend, request_ids: list[str]) -> list[SpotInstanceRequest]:
        requests = [backend.spot_instance_requests[request_id] for request_id in request_ids]
        for each in requests:
            if isinstance(each, Request) and each.state in ("open", "active"):
                running = each.state == "active"
                code = "request-canceled-and-instance-running" if running else "canceled-before-fulfillment"
                each.move("cancelled", code)
        return requests

    # moto offers no hook for these.
    for name, new in (("request_spot_instances", request), ("cancel_spot_instance_requests", cancel)):
        setattr(SpotRequestBackend, name, new)


def settle(backend: EC2Backend, account: Account) -> None:
    """Fulfil what waits, or give the reason why it goes on waiting."""
    for request in list(backend.spot_instance_requests.values()):
        if not isinstance(request, Request) or request.state != "open":
            continue
        specified = request.launch_specification
        zone = specified.availability_zone
        if specified.subnet_id:
            zone = backend.get_subnet(specified.subnet_id).availability_zone
        code = account.spot_status(backend.region_name, zone)
        if code is None:
            request.fulfil()
        elif code != request._status_code:
            request.move("failed" if code in FAILED else "open", code)


def mark(backend: EC2Backend, instance_id: str) -> None:
    """Say of a request that its instance will be interrupted."""
    if (request := _of(backend, instance_id)) is not None:
        request.move("active", "marked-for-termination")


def close(backend: EC2Backend, instance_id: str, code: str) -> None:
    """Close the request that an instance came from, which moto leaves open."""
    if (request := _of(backend, instance_id)) is not None:
        # A cancelled request stays one.
        request.move("closed" if request.state == "active" else request.state, code)


def _of(backend: EC2Backend, instance_id: str) -> Request | None:
    for request in backend.spot_instance_requests.values():
        if isinstance(request, Request) and request.instance_id == instance_id:
            return request
    return None


def _request(backend: SpotRequestBackend, **words: Any) -> Request:
    return Request(
        backend,
        spot_request_id=random_spot_request_id(),
        instance_type=words.pop("instance_type"),
        spot_fleet_id=words.pop("spot_fleet_id", None),
        tags=words.pop("tags", None) or {},
        **words,
    )


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
