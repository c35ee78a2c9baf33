"""The docker-machine that is used: which it is, and what it can."""

import threading
from collections.abc import Mapping
from pathlib import Path

from orchestrator.errors import ConfigurationError
from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.docker_machine import Flag, NotDockerMachine, Program, flags_of, version_of
from orchestrator.places.machine.environment import MachineEnvironment
from orchestrator.places.machine.failures import last_error
from orchestrator.places.shell import Outcome, ProgramFailed, run

ASK_S = 30.0
"""How long a question may take that needs no network."""

OWN_FLAGS = frozenset({"engine-install-url", "tls-san"})
"""Flags of every docker-machine's `create`; nobody else's program has them."""


class UnknownDriver(ConfigurationError):
    """docker-machine has no driver of that name."""

    card_code = "driver-not-found"


class MachineProgram:
    """Asks a docker-machine what it is; each answer is kept."""

    def __init__(self, path: str, *, environment: MachineEnvironment) -> None:
        self.path = path
        self.environment = environment
        self._lock = threading.Lock()
        self._version: Program | None = None
        self._flags: dict[str, dict[str, Flag]] = {}

    def version(self) -> Program:
        """Return which docker-machine it is; raise `NotDockerMachine`."""
        with self._lock:
            if self._version is None:
                self._version = self._ask_version()
            return self._version

    def flags(self, driver: str) -> Mapping[str, Flag]:
        """Return the flags that `create` has with a driver; raise `UnknownDriver`."""
        self.version()
        with self._lock:
            if driver not in self._flags:
                self._flags[driver] = self._ask_flags(driver)
            return self._flags[driver]

    def _ask_version(self) -> Program:
        try:
            outcome = self._ask([self.path, "--version"])
        except ProgramFailed as error:
            raise NotDockerMachine(
                f"docker-machine is not there: {error.what}",
                cause="drivers other than `local` and `docker` need it",
                next_step="install docker-machine, or name it by ORCHESTRATE_DOCKER_MACHINE",
            ) from None
        found = version_of(outcome.stdout, program=self.path)
        flags = flags_of(self._ask([self.path, "create", "-d", "none", "--help"]).stdout)
        if OWN_FLAGS - flags.keys():
            raise NotDockerMachine(
                f"{self.path} is not a docker-machine",
                cause="its `create` has other flags",
                next_step="install docker-machine, or name it by ORCHESTRATE_DOCKER_MACHINE",
            )
        return found

    def _ask_flags(self, driver: str) -> dict[str, Flag]:
        outcome = self._ask([self.path, "create", "-d", driver, "--help"])
        flags = flags_of(outcome.stdout)
        if outcome.code != 0 or OWN_FLAGS - flags.keys():
            raise UnknownDriver(
                f"docker-machine has no driver {driver!r}",
                cause=last_error(outcome.stdout + outcome.stderr) or "it did not answer in time",
                next_step=f"install docker-machine-driver-{driver} on PATH, or mend the driver's name",
            )
        return flags

    def _ask(self, argv: list[str]) -> Outcome:
        # A path that is nobody's store: a question leaves nothing behind.
        environment = self.environment.plain(store=Path("/nonexistent"))
        return run(argv, deadline=Deadline.after(ASK_S), environment=environment)
