"""Sees to hosts that docker-machine made: that they end in time, and that their peers may measure them."""

import time
from collections.abc import Callable, Collection, Sequence
from uuid import UUID

from orchestrator.errors import OrchestratorError
from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.cloud import Cloud
from orchestrator.places.machine.guard import Guard
from orchestrator.places.machine.note import MachineNote, MachineNotes
from orchestrator.places.shell import run

RENEW_S = 30.0
REOPEN_S = 60.0
"""How long nobody asks again whether a region is open to us."""


class MachineTending:
    """Tends the hosts of one fleet; `cloud_of` and `ssh_command` are asked by the host's name."""

    def __init__(
        self,
        *,
        notes: MachineNotes,
        guard: Guard,
        cloud_of: Callable[[str], Cloud | None],
        ssh_command: Callable[[str], list[str] | None],
    ) -> None:
        self._notes = notes
        self._guard = guard
        self._cloud_of = cloud_of
        self._ssh_command = ssh_command
        self._admitted: dict[str, frozenset[str]] = {}
        self._reopened: dict[str, float] = {}
        self._kept: set[str] = set()

    def tend(self, host_names: Sequence[str], *, deadline: Deadline) -> dict[str, str]:
        """Guard the hosts that are not guarded yet, and put the end of those off that go on for ever.

        They are opened to us where our own address has changed.

        Return, by host, why that could not be.
        """
        found = {}
        for name in host_names:
            note, cloud = self._notes.read(name), self._cloud_of(name)
            if note is None or cloud is None:
                continue
            if why := self._reopen(note, cloud):
                found[name] = why
            if not self._guard.is_guarded(name) and (why := self._guard.once(name, cloud)):
                found[name] = why
            if (command := cloud.renewal()) is not None and (why := self._renew(name, command, deadline)):
                found[name] = why
        return found

    def taken_back(self, host_names: Sequence[str]) -> dict[str, str]:
        """Return the hosts that their cloud takes back, and why; raise an `OrchestratorError`."""
        asked: dict[tuple[Cloud, str], list[str]] = {}
        for name in host_names:
            note, cloud = self._notes.read(name), self._cloud_of(name)
            if note is not None and cloud is not None and name not in self._kept:
                asked.setdefault((cloud, note.region), []).append(name)
        found: dict[str, str] = {}
        for (cloud, region), names in asked.items():
            takings = cloud.takings(names, region=region)
            # What was bought is nobody's to take back, and is not asked for again.
            self._kept |= {name for name in names if name not in takings and self._guard.is_guarded(name)}
            found |= {name: why for name, why in takings.items() if why}
        return found

    def admit(self, host_names: Sequence[str], *, addresses: Collection[str]) -> None:
        """Let testers at some addresses send echo requests to hosts; each region is asked once for that."""
        wanted = frozenset(addresses)
        for name in host_names:
            note, cloud = self._notes.read(name), self._cloud_of(name)
            if note is None or cloud is None or self._admitted.get(note.region) == wanted:
                continue
            cloud.admit(note.region, fleet_id=UUID(note.fleet_id), addresses=addresses)
            self._admitted[note.region] = wanted

    def _reopen(self, note: MachineNote, cloud: Cloud) -> str:
        """Let us in from where we come from now, once in a while; return why that could not be."""
        now = time.monotonic()
        if not note.fleet_id or now - self._reopened.get(note.region, now - REOPEN_S) < REOPEN_S:
            return ""
        self._reopened[note.region] = now
        try:
            cloud.reopen(note.region, fleet_id=UUID(note.fleet_id))
        except OrchestratorError as error:
            return f"whether it is open to us is not known: {error.what}"
        return ""

    def _renew(self, name: str, command: Sequence[str], deadline: Deadline) -> str:
        """Run what puts a host's end off; return why that could not be."""
        shell = self._ssh_command(name)
        if shell is None:
            # It is still being made, and its end is far.
            return ""
        # It runs beside others, and nobody is there to be asked for anything.
        options = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=10")
        outcome = run([shell[0], *options, *shell[1:], *command], deadline=deadline.sooner(RENEW_S))
        return "" if outcome.code == 0 else outcome.stderr.strip() or "ssh did not end in time"
