"""The cloud's own desk: what a test asks of the bed, over a socket in the bed's folder."""

import json
import socketserver
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tests.end_to_end.bed.cloud.account import Account
from tests.end_to_end.bed.cloud.faults import Fault, Faults
from tests.end_to_end.bed.cloud.instances import EC2, FIRST_SEAT, GONE, LAST_SEAT, MOTO, Instances, find
from tests.end_to_end.bed.cloud.settings import settings
from tests.end_to_end.bed.ground import Ground
from tests.end_to_end.bed.hosts import Hosts, Seed
from tests.end_to_end.bed.record import Record

SOCKET = "desk"
SPOT = ("Server.SpotInstanceTermination", "instance-terminated-no-capacity")
BY_OTHERS = ("Client.UserInitiatedShutdown", "instance-terminated-by-user")


class Desk:
    """Answers questions; each method is one."""

    def __init__(
        self,
        *,
        ground: Ground,
        hosts: Hosts,
        faults: Faults,
        account: Account,
        instances: Instances,
        record: Record,
    ) -> None:
        self._ground = ground
        self._hosts = hosts
        self._faults = faults
        self._account = account
        self._instances = instances
        self._record = record
        self._seat = FIRST_SEAT
        self._by_hand: set[str] = set()
        self.questions: dict[str, Callable[..., Any]] = {
            "ping": lambda: "up",
            "fault": self._fault,
            "faults": faults.waiting,
            "clear": self._clear,
            "calm": faults.clear,
            "empty": self._empty,
            "state": self._state,
            "interrupt": self._interrupt,
            "add_host": self._add_host,
            "meet": self._meet,
            "run": lambda name, command: hosts.run(name, *command),
            **settings(account, record),
        }

    def server(self) -> socketserver.ThreadingUnixStreamServer:
        """Return a server of one question a connection: a line of JSON each way."""
        questions = self.questions

        class Visitor(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                question = json.loads(self.rfile.readline())
                try:
                    answer = {"answer": questions[question["ask"]](**question["words"])}
                except Exception as failure:  # noqa: BLE001 - whoever asked is told
                    answer = {"error": str(failure) or type(failure).__name__}
                self.wfile.write(json.dumps(answer).encode() + b"\n")

        server = socketserver.ThreadingUnixStreamServer(str(self._ground.folder / SOCKET), Visitor)
        server.daemon_threads = True
        return server

    def _fault(self, **words: Any) -> None:
        self._faults.add(Fault(**words))
        self._record.add(fault=words)

    def _clear(self) -> None:
        self._faults.clear()
        self._account.reset()

    def _state(self) -> dict[str, Any]:
        with MOTO:
            return state()

    def _interrupt(self, target: str, warning_s: float) -> list[str]:
        with MOTO:
            hit = [
                instance.id
                for region, backend in EC2.items()
                for instance in backend.all_instances()
                if target in (region, instance.id) and instance.state == "running"
            ]
        if warning_s == 0:
            self._take_back(hit)
            return hit
        for instance_id in hit:
            self._instances.warn(instance_id)
        threading.Timer(warning_s, self._take_back, [hit]).start()
        return hit

    def _take_back(self, instance_ids: list[str]) -> None:
        code, status = SPOT
        for instance_id in instance_ids:
            # Whoever was warned may have ended it meanwhile.
            with suppress(ValueError):
                self._instances.take_back(instance_id, code=code, status=status)

    def _add_host(self, name: str, os: str, fault: str, delay_s: float) -> str:
        address = self._ground.seat("", self._seat)
        self._seat = self._seat + 1 if self._seat < LAST_SEAT else FIRST_SEAT
        self._by_hand.add(name)
        key = (self._ground.folder / "id_rsa.pub").read_text(encoding="ascii")
        self._hosts.start(name, Seed(address=address, key=key, os=os, fault=fault, delay_s=delay_s))
        return address

    def _empty(self) -> None:
        self._instances.empty()
        while self._by_hand:
            self._hosts.remove(self._by_hand.pop())

    def _meet(self, name: str, fate: str) -> None:
        if fate == "vanish":
            if find(name) is None:
                self._hosts.meet(name, "remove")
            else:
                code, status = BY_OTHERS
                self._instances.take_back(name, code=code, status=status)
        else:
            self._hosts.meet(name, fate)


def state() -> dict[str, Any]:
    """Return what the account holds in each region: regions with nothing are left out.

    Terminated instances, deleted volumes and the groups `default` do not count.
    """
    account: dict[str, Any] = {}
    for region, backend in list(EC2.items()):
        held: dict[str, Any] = {
            "instances": {
                instance.id: {
                    "name": _name(instance.get_tags()),
                    "address": instance.private_ip,
                    "state": instance.state,
                    "key": instance.key_name,
                    "zone": instance.availability_zone,
                    "on_shutdown": instance.instance_initiated_shutdown_behavior,
                }
                for instance in backend.all_instances()
                if instance.state not in GONE
            },
            "key_pairs": sorted(backend.key_pairs),
            "groups": sorted(
                group.name
                for groups in backend.groups.values()
                for group in groups.values()
                if group.name != "default"
            ),
            "volumes": sorted(backend.volumes),
            "spot_requests": sorted(
                request.id
                for request in backend.spot_instance_requests.values()
                if request.state in ("open", "active")
            ),
        }
        if any(held.values()):
            account[region] = held
    return account


def _name(tags: list[dict[str, str]]) -> str | None:
    return next((tag["value"] for tag in tags if tag["key"] == "Name"), None)
