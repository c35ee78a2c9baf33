"""Removes machines, and never forgets one that may still cost money."""

import shlex
import threading
from dataclasses import dataclass
from uuid import UUID

from orchestrator.errors import ConfigurationError, LeftBehind, OrchestratorError
from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.cloud import Cloud, CloudFor, no_cloud
from orchestrator.places.machine.docker_machine import removal_said_missing, remove_command
from orchestrator.places.machine.environment import AMAZON, MachineEnvironment
from orchestrator.places.machine.failures import card_of
from orchestrator.places.machine.fate import OWNED, Fate, fate_of
from orchestrator.places.machine.note import MachineNote, MachineNotes
from orchestrator.places.machine.process import await_create
from orchestrator.places.machine.program import MachineProgram
from orchestrator.places.machine.store import MachineStore
from orchestrator.places.place import Say
from orchestrator.places.shell import Outcome, ProgramFailed, follow

BEGUN = "Creating machine"
"""The line that is printed before a driver makes anything."""

LONGEST_PAUSE_S = 30.0


class MayBeLeft(LeftBehind):
    """A host may be left behind that docker-machine cannot name."""

    card_code = "may-be-left"


class NotRemoved(LeftBehind):
    """docker-machine could not remove a host."""

    card_code = "not-removed"


@dataclass(frozen=True, kw_only=True, slots=True)
class RemovalLimits:
    """How long a removal may take, how often it is tried, and the first of its growing pauses."""

    remove_s: float = 300.0
    attempts: int = 5
    pause_s: float = 1.0


class MachineRemoval:
    """Removes the machines of one store."""

    def __init__(
        self,
        *,
        program: MachineProgram,
        store: MachineStore,
        notes: MachineNotes,
        limits: RemovalLimits,
        cloud_for: CloudFor = no_cloud,
    ) -> None:
        self._cloud_for = cloud_for
        self._program = program
        self._store = store
        self._notes = notes
        self._limits = limits

    def remove(self, name: str, *, say: Say, deadline: Deadline, stop: threading.Event | None = None) -> None:
        """Remove a machine; succeed when it is gone, raise `MayBeLeft` or `NotRemoved` else.

        It is removed by `rm -y`, never by force: that forgets what it failed to remove. Where the
        cloud itself can be asked, its word counts.
        """
        deadline = deadline.sooner(self._limits.remove_s)
        await_create(name, may_kill=lambda: self._fate(name) is Fate.KNOWN, deadline=deadline, stop=stop)
        self._store.mend(name)
        note = self._note(name)
        refused = self._fate(name) is Fate.NOTHING
        cloud = self._cloud_for(note.driver, self._environment.kept_keys(name)) if note.fleet_id else None
        try:
            if self._store.has(name) and self._can_be_removed(name):
                self._remove(name, say=say, deadline=deadline, stop=stop)
        except LeftBehind:
            # Somebody who presses Ctrl-C twice waits for no cloud either.
            if cloud is None or (stop is not None and stop.is_set()):
                raise
        if cloud is not None:
            say("Asking the cloud what is left")
            self._remove_from(cloud, name, note=note, refused=refused, deadline=deadline)
        self.forget(name)

    def forget(self, name: str) -> None:
        """Delete everything that is kept here of a machine whose cloud has nothing of it."""
        self._store.forget(name)
        self._environment.forget_keys(name)
        self._notes.forget(name)

    def environment(self, name: str, *, driver: str) -> dict[str, str]:
        """Return the environment of calls about a machine that is there."""
        if driver == AMAZON:
            return self._environment.for_amazon(name, options=None)
        return self._environment.for_driver(driver, flags=self._program.flags(driver))

    @property
    def _environment(self) -> MachineEnvironment:
        return self._program.environment

    def _can_be_removed(self, name: str) -> bool:
        """Return whether docker-machine can, False where there is nothing; raise `MayBeLeft`."""
        driver = self._note(name).driver
        if self._store.machine(name) is None:
            # docker-machine cannot read it either. The file is written just before the driver begins.
            said = self._notes.said(name, "create")
            if driver in OWNED or (said and BEGUN not in said):
                return False
            raise self._may_be_left(name)
        if self._fate(name) is Fate.UNKNOWN:
            raise self._may_be_left(name)
        return True

    def _remove(self, name: str, *, say: Say, deadline: Deadline, stop: threading.Event | None) -> None:
        driver = self._note(name).driver
        try:
            environment = self.environment(name, driver=driver)
            outcome = self._try(name, environment=environment, say=say, deadline=deadline, stop=stop)
            cause = "" if outcome is None else self._why(name, outcome)
        except (ConfigurationError, ProgramFailed) as error:
            cause = ": ".join(text for text in (error.what, error.cause) if text)
        # Behind somebody's own machine there is no cloud: its entry is all that there is.
        if cause and driver not in OWNED:
            raise self._not_removed(name, cause=cause)

    def _try(
        self,
        name: str,
        *,
        environment: dict[str, str],
        say: Say,
        deadline: Deadline,
        stop: threading.Event | None,
    ) -> Outcome | None:
        """Return None once the machine is gone, else how the last try ended."""
        pause_s = self._limits.pause_s
        for attempt in range(1, self._limits.attempts + 1):
            say("Removing machine" if attempt == 1 else f"Removing machine, try {attempt}")
            outcome = follow(
                remove_command(self._program.path, name),
                log=self._notes.head(name, "rm"),
                deadline=deadline,
                environment=environment,
                stop=lambda: stop is not None and stop.is_set(),
            )
            # Exit 0 alone is no proof: it is also what `rm` says when somebody did not answer it.
            if not self._store.has(name) or removal_said_missing(outcome.stdout):
                return None
            if attempt == self._limits.attempts or deadline.left_s <= pause_s or outcome.stopped:
                break
            if (stop or threading.Event()).wait(pause_s):
                break
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
        return outcome

    def _remove_from(
        self, cloud: Cloud, name: str, *, note: MachineNote, refused: bool, deadline: Deadline
    ) -> None:
        try:
            cloud.remove(
                name,
                region=note.region,
                fleet_id=UUID(note.fleet_id),
                in_flight=not (note.guarded or refused),
                deadline=deadline,
            )
        except LeftBehind:
            raise
        except OrchestratorError as error:
            raise MayBeLeft(
                f"{name} may be left in {note.region}: its cloud could not be asked",
                cause=": ".join(text for text in (error.what, error.cause) if text),
                next_step="\n".join(text for text in (error.next_step, "orchestrate down") if text),
            ) from None

    def _fate(self, name: str) -> Fate:
        return fate_of(
            self._store.machine(name),
            driver=self._note(name).driver,
            said=self._notes.said(name, "create"),
        )

    def _note(self, name: str) -> MachineNote:
        machine = self._store.machine(name)
        if (note := self._notes.read(name)) is not None:
            return note
        return MachineNote(
            driver="" if machine is None else machine.driver,
            region="" if machine is None else machine.region,
        )

    def _why(self, name: str, outcome: Outcome) -> str:
        if outcome.timed_out:
            return "it did not end in time"
        if outcome.stopped:
            return "it was interrupted"
        note = self._note(name)
        card = card_of(outcome.stdout, driver=note.driver, region=note.region)
        return f"{card.what}: {card.cause}"

    def _not_removed(self, name: str, *, cause: str) -> NotRemoved:
        return NotRemoved(
            f"{name} could not be removed and may still run in {self._note(name).region or 'its cloud'}",
            cause=cause,
            next_step=f"orchestrate down, or by hand: {self._by_hand(name)}",
        )

    def _may_be_left(self, name: str) -> MayBeLeft:
        note = self._note(name)
        if note.driver == AMAZON:
            look = (
                f"aws ec2 describe-instances --region {note.region} --filters "
                f"'Name=key-name,Values={name}*' (and describe-key-pairs, describe-spot-instance-requests)"
            )
        else:
            look = f"look for {name} where driver {note.driver} makes its hosts"
        return MayBeLeft(
            f"{name} may be left in {note.region or 'its cloud'}: driver {note.driver}, key pair {name}",
            cause="docker-machine was cut off while the cloud made it, and does not know what it made",
            next_step=f"{look}; remove what is there, then: {self._by_hand(name)}",
        )

    def _by_hand(self, name: str) -> str:
        return shlex.join([self._program.path, "-s", str(self._store.root), "rm", "-y", name])
