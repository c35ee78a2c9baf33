"""Creates machines: the command with its secrets, when it may run, and why it failed."""

import threading
from collections.abc import Callable

from orchestrator.errors import OrchestratorError
from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.docker_machine import (
    create_command,
    hidden_options,
    milestone_of,
    region_of,
)
from orchestrator.places.machine.environment import AMAZON
from orchestrator.places.machine.failures import card_of
from orchestrator.places.machine.keys import AMAZON_OPTIONS
from orchestrator.places.machine.messages import RACE
from orchestrator.places.machine.note import MachineNote, MachineNotes
from orchestrator.places.machine.program import MachineProgram
from orchestrator.places.machine.regions import RegionSlots
from orchestrator.places.place import NewHost, Say
from orchestrator.places.shell import Outcome, follow

LAUNCH = "Launching instance"
"""The milestone after which the cloud may have made something."""


class CreateFailed(OrchestratorError):
    """A host was not made, and nothing of it is left; `kind` and `code` are those of the failure's card."""

    card_code = "not-created"

    def __init__(
        self, what: str, cause: str = "", next_step: str = "", *, kind: str = "", code: str = ""
    ) -> None:
        super().__init__(what, cause, next_step, card_code=code or None)
        self.kind = kind


class MachineCreation:
    """Runs docker-machine's `create`, for the hosts of one store."""

    def __init__(
        self, *, program: MachineProgram, notes: MachineNotes, slots: RegionSlots, stop: threading.Event
    ) -> None:
        self._program = program
        self._notes = notes
        self._slots = slots
        self._stop = stop

    def create(
        self,
        host: NewHost,
        *,
        say: Say,
        deadline: Deadline,
        on_launch: Callable[[], None] = lambda: None,
        is_vain: Callable[[], bool] = lambda: False,
    ) -> Outcome:
        """Create a host and return how that ended; raise `CreateFailed` where it was not begun.

        `on_launch` is called, from another thread, when its cloud is about to be asked for it. It is
        stopped once `is_vain` returns True.
        """
        command, environment = self._command(host)
        region = region_of(host.driver, host.options, otherwise=host.region)
        with self._slots.one(region, deadline=deadline, stop=self._stop) as is_free:
            if not is_free:
                raise CreateFailed(
                    f"{host.name} was not begun",
                    cause="it was interrupted"
                    if self._stop.is_set()
                    else f"too many hosts are being made in {region}",
                )
            self._notes.write(
                host.name,
                MachineNote(
                    driver=host.driver, region=region, fleet_id=str(host.fleet_id), tester=host.tester
                ),
            )
            return follow(
                command,
                log=self._notes.head(host.name, "create"),
                deadline=deadline,
                environment=environment,
                on_line=lambda line: _tell(line, say=say, on_launch=on_launch),
                stop=lambda: self._stop.is_set() or is_vain(),
            )

    def failure(self, host: NewHost, outcome: Outcome) -> CreateFailed:
        """Return why a create failed, as an error to be raised once nothing of it is left."""
        name, so_far = host.name, _last_milestone(outcome.stdout)
        see = f"less {self._notes.log(name)}"
        if outcome.stopped:
            return CreateFailed(
                f"creating {name} was interrupted", so_far, "orchestrate up", kind="interrupted"
            )
        if outcome.timed_out:
            return CreateFailed(
                f"creating {name} did not end in time", so_far, see, kind="timeout", code="create-too-slow"
            )
        if outcome.code < 0:
            return CreateFailed(
                f"docker-machine was killed while it made {name}",
                so_far,
                "orchestrate up",
                kind="killed",
                code="create-killed",
            )
        card = card_of(
            outcome.stdout,
            driver=host.driver,
            region=region_of(host.driver, host.options, otherwise=host.region),
        )
        return CreateFailed(
            f"{name}: {card.what}", card.cause, card.next_step or see, kind=card.kind, code=card.code
        )

    def _command(self, host: NewHost) -> tuple[list[str], dict[str, str]]:
        """Return the command that creates a host, and its environment with what no command may show."""
        flags = self._program.flags(host.driver)
        shown = dict(host.options)
        environment = self._program.environment.for_driver(host.driver, flags=flags)
        if host.driver == AMAZON:
            environment = self._program.environment.for_amazon(host.name, options=host.options)
            for option in AMAZON_OPTIONS:
                shown.pop(option, None)
        environment |= hidden_options(shown, references=host.references, flags=flags)
        hidden = {flag.name for flag in flags.values() if flag.variable in environment}
        shown = {option: value for option, value in shown.items() if option not in hidden}
        command = create_command(self._program.path, driver=host.driver, name=host.name, options=shown)
        return command, environment


def lost_a_race(outcome: Outcome) -> bool:
    """Return whether a create failed only because another one of ours made the same at that moment."""
    return outcome.code > 0 and card_of(outcome.stdout, driver="", region="").kind == RACE


def _tell(line: str, *, say: Say, on_launch: Callable[[], None]) -> None:
    if (milestone := milestone_of(line)) is not None:
        say(milestone)
        if milestone == LAUNCH:
            on_launch()


def _last_milestone(said: str) -> str:
    milestones = [found for line in said.splitlines() if (found := milestone_of(line)) is not None]
    return f"the last that it did was: {milestones[-1]}" if milestones else "it did nothing"
