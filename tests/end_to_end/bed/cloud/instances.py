"""moto's instances, each with a real host behind it."""

import base64
import threading
import time
from collections import defaultdict
from typing import Any

from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance, InstanceBackend, Reservation, StateReason

from tests.end_to_end.bed.cloud import spot
from tests.end_to_end.bed.cloud.faults import BOOT, Faults
from tests.end_to_end.bed.cloud.filters import Opening, filter_text
from tests.end_to_end.bed.ground import Ground
from tests.end_to_end.bed.hosts import Hosts, Seed, in_background
from tests.end_to_end.bed.record import Record

PENDING_S = 1.5
SHUTTING_DOWN_S = 0.5
FIRST_SEAT, LAST_SEAT = 10, 250
REASONS = {
    "Server.SpotInstanceTermination": "Spot instance termination",
    "Client.InstanceInitiatedShutdown": "Instance initiated shutdown",
    "Client.UserInitiatedShutdown": "User initiated shutdown",
}
GONE = ("shutting-down", "terminated")
STATES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopped": 80}

EC2 = get_backend("ec2")[DEFAULT_ACCOUNT_ID]
MOTO = threading.RLock()
"""Held by whoever reads or changes what moto keeps: it is not made for several threads."""


class Instances:
    """Follows every instance of the account from its launch to its end."""

    def __init__(self, *, ground: Ground, hosts: Hosts, faults: Faults, record: Record) -> None:
        self._ground = ground
        self._hosts = hosts
        self._faults = faults
        self._record = record
        self._seats: defaultdict[str, int] = defaultdict(lambda: FIRST_SEAT)

    def install(self) -> None:
        """Stand behind moto's own operations, also where spot requests and fleets call them."""
        run, terminate = InstanceBackend.run_instances, InstanceBackend.terminate_instances
        stop, start = InstanceBackend.stop_instances, InstanceBackend.start_instances
        changes = list[tuple[Instance, Any]]

        def run_instances(backend: EC2Backend, *words: Any, **options: Any) -> Reservation:
            if options.get("lifecycle") == "spot":
                # From a spot request: whether its address is public is the subnet's to say.
                options.setdefault("associate_public_ip", None)
            reservation = run(backend, *words, **options)
            for instance in reservation.instances:
                self._launch(instance, backend)
            return reservation

        def terminate_instances(backend: EC2Backend, instance_ids: list[str]) -> changes:
            live = {id_ for id_ in instance_ids if backend.get_instance(id_).state not in GONE}
            ended = terminate(backend, instance_ids)
            for instance, _ in ended:
                if instance.id in live:
                    self._end(instance)
            return ended

        def stop_instances(backend: EC2Backend, instance_ids: list[str]) -> changes:
            stopped = stop(backend, instance_ids)
            for instance, _ in stopped:
                self._behind(instance.id, "stop")
            return stopped

        def start_instances(backend: EC2Backend, instance_ids: list[str]) -> changes:
            started = start(backend, instance_ids)
            for instance, _ in started:
                self._behind(instance.id, "start")
            return started

        spot.install()
        # moto offers no hook for any of these.
        for name, new in (
            ("run_instances", run_instances),
            ("terminate_instances", terminate_instances),
            ("stop_instances", stop_instances),
            ("start_instances", start_instances),
        ):
            setattr(InstanceBackend, name, new)

    def shut_down(self, instance_id: str) -> None:
        """Take note that a host has shut itself down: its instance stops or ends, as it was told to."""
        with MOTO:
            instance = find(instance_id)
            if instance is None or instance.state not in ("pending", "running"):
                return
            behavior = instance.instance_initiated_shutdown_behavior
            self._record.add(host=instance_id, event="shut down by itself", behavior=behavior)
            if behavior == "terminate":
                instance.terminate()
                self._end(instance)
            else:
                instance.stop()
            _reason(instance, "Client.InstanceInitiatedShutdown")

    def warn(self, instance_id: str) -> None:
        """Announce a spot interruption."""
        with MOTO:
            if (instance := find(instance_id)) is not None:
                spot.mark(instance.ec2_backend, instance_id)
        self._record.add(host=instance_id, event="marked for termination")

    def take_back(self, instance_id: str, *, code: str, status: str) -> None:
        """End an instance from the cloud's side, as a spot interruption does; its host vanishes at once."""
        with MOTO:
            instance = find(instance_id)
            if instance is None or instance.state in GONE:
                raise ValueError(f"no such instance runs: {instance_id}")
            instance.terminate()
            _reason(instance, code)
            spot.close(instance.ec2_backend, instance_id, status)
        self._hosts.remove(instance_id)
        self._record.add(host=instance_id, event=code)

    def empty(self) -> None:
        """Let the account be as new: no instance, no host, no key pair, no group, no volume."""
        live = []
        with MOTO:
            for backend in EC2.values():
                live += [instance for instance in backend.all_instances() if instance.state != "terminated"]
                for instance in live:
                    _move(instance, "terminated")
                backend.reset()
        for instance in live:
            self._hosts.remove(instance.id)

    def refresh(self, region: str) -> None:
        """Filter the hosts of a region anew, after its groups may have changed."""
        backend = EC2[region]
        with MOTO:
            for instance in backend.all_instances():
                if instance.state not in GONE:
                    self._hosts.let_in(instance.id, self._filter(instance, backend))

    def _launch(self, instance: Instance, backend: EC2Backend) -> None:
        region = backend.region_name
        address = self._seat(backend)
        interface = instance.nics[0]
        interface.private_ip_address = address
        interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
        public = bool(interface.public_ip or instance.associate_public_ip)
        interface.public_ip = None
        _move(instance, "pending")
        pair = backend.key_pairs.get(instance.key_name or "")
        fault = self._faults.take(BOOT, region)
        seed = Seed(
            address=address,
            key=pair.material_public.decode() if pair else "",
            os="ubuntu",
            fault=(fault.code or "") if fault else "",
            delay_s=fault.delay_s if fault else 0.0,
            filter=self._filter(instance, backend),
            user_data=base64.b64decode(str(instance.user_data or "")),
        )

        def boot() -> None:
            launched = time.monotonic()
            self._hosts.start(instance.id, seed)
            # Its groups may have changed while it was made.
            self.refresh(region)
            time.sleep(max(0.0, PENDING_S - (time.monotonic() - launched)))
            with MOTO:
                if instance.state == "pending":
                    interface.public_ip = address if public else None
                    _move(instance, "running")
            if instance.state in GONE:
                # It was terminated while it booted.
                self._hosts.remove(instance.id)

        in_background(boot, of=instance.id, record=self._record)

    def _seat(self, backend: EC2Backend) -> str:
        """Return an address that no instance of the region has: freed ones come last."""
        region = backend.region_name
        taken = {each.private_ip for each in backend.all_instances() if each.state != "terminated"}
        while True:
            number = self._seats[region]
            self._seats[region] = number + 1 if number < LAST_SEAT else FIRST_SEAT
            if (address := self._ground.seat(region, number)) not in taken:
                return address

    def _end(self, instance: Instance) -> None:
        _move(instance, "shutting-down")
        spot.close(instance.ec2_backend, instance.id, "instance-terminated-by-user")

        def end() -> None:
            self._hosts.remove(instance.id)
            time.sleep(SHUTTING_DOWN_S)
            _move(instance, "terminated")
            self._record.add(host=instance.id, event="terminated")

        in_background(end, of=instance.id, record=self._record)

    def _behind(self, instance_id: str, fate: str) -> None:
        in_background(lambda: self._hosts.meet(instance_id, fate), of=instance_id, record=self._record)

    def _filter(self, instance: Instance, backend: EC2Backend) -> str:
        members: defaultdict[str, list[str]] = defaultdict(list)
        for other in backend.all_instances():
            if other.state not in GONE and other.private_ip:
                for group in other.nics[0].group_set:
                    members[group.id].append(other.private_ip)
        openings = [
            Opening(
                protocol=rule.ip_protocol or "-1",
                first_port=rule.from_port,
                last_port=rule.to_port,
                network=rule.cidr_ipv4,
                group_id=rule.source_group.get("GroupId"),
            )
            for group in sorted(instance.nics[0].group_set, key=lambda group: str(group.id))
            for rule in group.ingress_rules
            if rule.cidr_ipv6 is None
        ]
        return filter_text(openings, members=members)


def find(instance_id: str) -> Instance | None:
    """Return an instance of any region, None for one that never was."""
    for backend in list(EC2.values()):
        for instance in backend.all_instances():
            if instance.id == instance_id:
                return instance
    return None


def _move(instance: Instance, state: str) -> None:
    instance._state.name = state
    instance._state.code = STATES[state]


def _reason(instance: Instance, code: str) -> None:
    instance.state_reason = StateReason(f"{code}: {REASONS.get(code, code)}", code)
