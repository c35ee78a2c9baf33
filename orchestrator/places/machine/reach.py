"""Where a host of docker-machine answers: its engine, its address, its shell."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit

from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.engine import EngineAddress, HostGone
from orchestrator.places.engines.ping import NoAnswer, ping
from orchestrator.places.machine.note import MachineNotes
from orchestrator.places.machine.program import MachineProgram
from orchestrator.places.machine.store import MachineStore
from orchestrator.places.place import NewHost
from orchestrator.places.shell import run

PING_PAUSE_S = 1.0
URL_S = 60.0


class EnvironmentOf(Protocol):
    """The environment of a docker-machine that works on one host."""

    def __call__(self, host_name: str, /, *, driver: str) -> Mapping[str, str]:
        """Return it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineReach:
    """Tells where hosts answer; an engine has `ping_s` seconds for each answer."""

    store: MachineStore
    notes: MachineNotes
    program: MachineProgram
    environment: EnvironmentOf
    ping_s: float

    def engine(self, host_name: str) -> EngineAddress:
        """Return where the host's engine answers; raise `HostGone`."""
        address = self.store.engine(host_name)
        if address is None and self.store.has(host_name):
            note = self.notes.read(host_name)
            if note is not None and note.url:
                return EngineAddress(url=note.url, tls=self.store.tls(host_name))
        if address is None:
            raise HostGone(
                f"docker-machine knows no address of {host_name}",
                cause="it was removed, or never finished",
                next_step="orchestrate status",
            )
        return address

    def address(self, host_name: str) -> str | None:
        """Return the host's address in the store, else the one in its engine's URL; None without both."""
        machine = self.store.machine(host_name)
        if machine is not None and machine.address:
            return machine.address
        try:
            return urlsplit(self.engine(host_name).url).hostname or None
        except HostGone:
            return None

    def ssh_command(self, host_name: str) -> list[str] | None:
        """Return the command that opens a shell on the host, None where its store tells no way.

        It is ssh itself: docker-machine's own asks the cloud first, and ends with exit 1 whatever
        the remote command ended with.
        """
        machine = self.store.machine(host_name)
        if machine is None or not machine.address or not machine.ssh_user:
            return None
        key = machine.ssh_key or str(self.store.directory(host_name) / "id_rsa")
        known = self.notes.log(host_name).with_name("known_hosts")
        options = ("IdentitiesOnly=yes", "StrictHostKeyChecking=accept-new", f"UserKnownHostsFile={known}")
        return [
            "ssh",
            *(word for option in options for word in ("-o", option)),
            *("-i", key, "-p", str(machine.ssh_port)),
            f"{machine.ssh_user}@{machine.address}",
        ]

    def is_ready(self, host_name: str) -> bool:
        """Return whether the host's engine answers now."""
        address = self.store.engine(host_name)
        if address is None:
            return False
        try:
            ping(address, deadline=Deadline.after(self.ping_s))
        except NoAnswer:
            return False
        return True

    def await_engine(self, host: NewHost, *, deadline: Deadline, stop: threading.Event) -> str | None:
        """Wait until the engine answers; return why it did not."""
        if self.store.engine(host.name) is None:
            self._note_address(host)
        reason = "the store has no address of it"
        while not deadline.is_over and not stop.is_set():
            try:
                ping(self.engine(host.name), deadline=deadline.sooner(self.ping_s))
            except NoAnswer as error:
                reason = str(error)
            except HostGone:
                break
            else:
                return None
            stop.wait(min(PING_PAUSE_S, deadline.left_s))
        return reason

    def _note_address(self, host: NewHost) -> None:
        """Note the address that docker-machine gives: some drivers keep none in the store."""
        outcome = run(
            [self.program.path, "url", host.name],
            deadline=Deadline.after(URL_S),
            environment=self.environment(host.name, driver=host.driver),
        )
        note = self.notes.read(host.name)
        if outcome.code == 0 and note is not None and outcome.stdout.startswith("tcp://"):
            self.notes.write(host.name, replace(note, url=outcome.stdout.strip()))
