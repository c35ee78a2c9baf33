"""Hosts by docker-machine: created, found again, removed."""

import random
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

from orchestrator.errors import ConfigurationError, LeftBehind
from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.engine import EngineAddress
from orchestrator.places.machine.certificates import MachineCertificates
from orchestrator.places.machine.cloud import Cloud, CloudFor, Offer, no_cloud
from orchestrator.places.machine.creation import CreateFailed, MachineCreation, lost_a_race
from orchestrator.places.machine.docker_machine import name_problem, region_of
from orchestrator.places.machine.environment import AMAZON, MachineEnvironment
from orchestrator.places.machine.guard import Guard
from orchestrator.places.machine.keys import Keys, keys_in_options, keys_of_user
from orchestrator.places.machine.messages import CAPACITY
from orchestrator.places.machine.note import MachineNotes
from orchestrator.places.machine.process import await_create, creating
from orchestrator.places.machine.program import MachineProgram
from orchestrator.places.machine.reach import MachineReach
from orchestrator.places.machine.regions import RegionSlots
from orchestrator.places.machine.removal import MachineRemoval, RemovalLimits
from orchestrator.places.machine.store import MachineStore
from orchestrator.places.machine.tending import MachineTending
from orchestrator.places.place import NewHost, Say

RACES = 3
"""How often a create is done again that lost to another one of ours."""

UNDO_S = 60.0
"""How long what was stopped in the middle may take to be removed: somebody waits to leave."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineLimits:
    """How long things may take in seconds, and how many creates run at once in one region."""

    create_s: float = 900.0
    ping_s: float = 10.0
    per_region: int = 3
    jitter_s: float = 1.0
    removal: RemovalLimits = field(default_factory=RemovalLimits)


class MachineHosts:
    """Provides hosts that a docker-machine makes, for one fleet."""

    def __init__(
        self,
        *,
        program: str,
        store: Path,
        testers: Path,
        keys: Path,
        environment: Mapping[str, str],
        limits: MachineLimits | None = None,
        stop: threading.Event | None = None,
        chance: random.Random | None = None,
        cloud_for: CloudFor = no_cloud,
    ) -> None:
        self._limits = limits or MachineLimits()
        self._stop = stop or threading.Event()
        self.store = MachineStore(store)
        self._notes = MachineNotes(testers)
        self._cloud_for = cloud_for
        self._environment = MachineEnvironment(environment, store=store, keys=keys, user_keys=self._user_keys)
        self.program = MachineProgram(program, environment=self._environment)
        self._certificates = MachineCertificates(self.store, program=self.program)
        self._creation = MachineCreation(
            program=self.program,
            notes=self._notes,
            slots=RegionSlots(
                at_once=self._limits.per_region,
                jitter_s=self._limits.jitter_s,
                chance=chance or random.Random(),  # noqa: S311 - it spreads creates, nobody guesses it
            ),
            stop=self._stop,
        )
        self._removal = MachineRemoval(
            program=self.program,
            store=self.store,
            notes=self._notes,
            limits=self._limits.removal,
            cloud_for=cloud_for,
        )
        self._reach = MachineReach(
            store=self.store,
            notes=self._notes,
            program=self.program,
            environment=self._removal.environment,
            ping_s=self._limits.ping_s,
        )
        self._guard = Guard(self._notes)
        self._tending = MachineTending(
            notes=self._notes, guard=self._guard, cloud_of=self._cloud_of, ssh_command=self._reach.ssh_command
        )

    def prepare(self, *, deadline: Deadline) -> None:
        """Make the certificates, which are made alone."""
        self.store.prepare(program=str(self.program.version()))
        self._certificates.make(deadline=deadline)

    def tend(self, host_names: Sequence[str], *, deadline: Deadline) -> dict[str, str]:
        """See that hosts end by themselves once everybody forgets them; return, by host, why not."""
        return self._tending.tend(host_names, deadline=deadline)

    def taken_back(self, host_names: Sequence[str]) -> dict[str, str]:
        """Return the hosts that their cloud takes back, and why."""
        return self._tending.taken_back(host_names)

    def admit(self, host_names: Sequence[str], *, addresses: Collection[str]) -> None:
        """Let testers at some addresses send echo requests to hosts."""
        self._tending.admit(host_names, addresses=addresses)

    def create(self, host: NewHost, *, say: Say, deadline: Deadline) -> None:
        """Make the host and see that its engine answers.

        Raise `CreateFailed` when it was not made and nothing of it is left, an error with exit code 5
        when something may be, `ConfigurationError` when it cannot be asked for.
        """
        if (problem := name_problem(host.name)) is not None:
            raise ConfigurationError(f"{host.name!r} cannot be a host: {problem}")
        deadline = deadline.sooner(self._limits.create_s)
        self.prepare(deadline=deadline)
        if creating(host.name):
            say("Waiting for a create that was begun before")
        await_create(host.name, may_kill=lambda: False, deadline=deadline, stop=self._stop)
        cloud = self._cloud_for(host.driver, keys_in_options(host.options))
        if self._reach.is_ready(host.name):
            if cloud is not None:
                self._guard.once(host.name, cloud)
            return
        self._removal.remove(host.name, say=say, deadline=deadline)
        offers = [_as_it_stands(host)] if cloud is None else cloud.offers(host)
        lacking: CreateFailed | None = None
        for number, offer in enumerate(offers, start=1):
            if offer.label:
                say(f"Asking for {offer.label}")
            try:
                failed = self._make(replace(host, options=offer.options), cloud, say=say, deadline=deadline)
            except CreateFailed as late:
                failed = late
            if failed is None:
                break
            if failed.kind == CAPACITY:
                lacking = failed
            if failed.kind != CAPACITY or number == len(offers) or deadline.is_over:
                # That time was over says less than why it was.
                self._undo(host, (deadline.is_over and lacking) or failed, say=say)
            self._removal.remove(host.name, say=say, deadline=deadline)
        self._await_engine(host, say=say, deadline=deadline)

    def _make(
        self, host: NewHost, cloud: Cloud | None, *, say: Say, deadline: Deadline
    ) -> CreateFailed | None:
        """Create a host; return why that failed."""
        for attempt in range(1 + RACES):
            if attempt:
                self._removal.remove(host.name, say=say, deadline=deadline)
            with self._guard.watching(host.name, cloud) as launch:
                outcome = self._creation.create(
                    host,
                    say=say,
                    deadline=deadline,
                    on_launch=launch.begun.set,
                    is_vain=lambda: bool(launch.denied),
                )
            if launch.denied and outcome.stopped and not self._stop.is_set():
                return CreateFailed(
                    f"{host.name} is not to be had now",
                    cause=launch.denied,
                    kind=CAPACITY,
                    code="no-capacity",
                )
            if not lost_a_race(outcome) or deadline.is_over:
                break
        # An option that it does not know makes it print its help, and may end it with exit 0.
        if outcome.code != 0 or not self.store.has(host.name):
            return self._creation.failure(host, outcome)
        if cloud is not None and (why := self._guard.once(host.name, cloud)):
            say(f"Nothing ends this host yet if everybody forgets it: {why}")
        return None

    def engine(self, host_name: str) -> EngineAddress:
        """Return where the host's engine answers; raise `HostGone`."""
        return self._reach.engine(host_name)

    def exists(self, host_name: str) -> bool:
        """Return whether docker-machine's store has the host."""
        return self.store.has(host_name)

    def names(self) -> list[str]:
        """Return the names of all hosts in the store."""
        return self.store.names()

    def remove(self, host_name: str, *, say: Say, deadline: Deadline) -> None:
        """Remove the host; raise an error with exit code 5 when something of it may be left."""
        self._removal.remove(host_name, say=say, deadline=deadline, stop=self._stop)

    def forget(self, host_name: str) -> None:
        """Delete what is kept here of a host that its cloud was seen not to have."""
        self._removal.forget(host_name)

    def log(self, host_name: str) -> Path:
        """Return the file with what docker-machine printed about a host."""
        return self._notes.log(host_name)

    def address(self, host_name: str) -> str | None:
        """Return the host's address in the store, else the one in its engine's URL; None without both."""
        return self._reach.address(host_name)

    def ssh_command(self, host_name: str) -> list[str] | None:
        """Return the command that opens a shell on the host, None where its store tells no way."""
        return self._reach.ssh_command(host_name)

    def _cloud_of(self, name: str) -> Cloud | None:
        """Return the cloud of a host that was begun, with the keys that it was begun with."""
        note = self._notes.read(name)
        return None if note is None else self._cloud_for(note.driver, self._environment.kept_keys(name))

    def _user_keys(self, environment: Mapping[str, str]) -> Keys | None:
        cloud = self._cloud_for(AMAZON, None)
        return keys_of_user(environment) if cloud is None else cloud.keys()

    def _undo(self, host: NewHost, failed: CreateFailed, *, say: Say) -> NoReturn:
        """Remove what a failed create left, then raise why it failed."""
        say("Removing what is left of a failed create")
        seconds = UNDO_S if self._stop.is_set() else self._limits.removal.remove_s
        try:
            self._removal.remove(host.name, say=say, deadline=Deadline.after(seconds))
        except LeftBehind as left:
            # What made the create fail is not lost over what may be left of it.
            cause = "; ".join(text for text in (failed.cause, left.cause) if text)
            raise type(left)(f"{failed.what}; {left.what}", cause, left.next_step) from None
        raise failed

    def _await_engine(self, host: NewHost, *, say: Say, deadline: Deadline) -> None:
        say("Waiting for the engine to answer")
        why = self._reach.await_engine(host, deadline=deadline, stop=self._stop)
        if why is None:
            return
        failed = CreateFailed(
            f"the engine of {host.name} does not answer",
            cause=why,
            next_step="open port 2376 of the host to this machine",
            kind="interrupted" if self._stop.is_set() else "engine",
            code="engine-silent",
        )
        self._undo(host, failed, say=say)


def _as_it_stands(host: NewHost) -> Offer:
    """Return the one way to have a host whose cloud nobody can ask."""
    if host.driver != AMAZON:
        return Offer(options=host.options, label="")
    region = region_of(host.driver, host.options, otherwise=host.region)
    return Offer(options={f"{AMAZON}-region": region, **host.options}, label="")
