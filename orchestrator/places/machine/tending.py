"""Sees to hosts that docker-machine made: that they end in time, and that their peers may measure them."""

from collections.abc import Callable, Collection, Sequence
from uuid import UUID

from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.cloud import Cloud
from orchestrator.places.machine.guard import Guard
from orchestrator.places.machine.note import MachineNotes
from orchestrator.places.shell import run

RENEW_S = 30.0


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

    def tend(self, host_names: Sequence[str], *, deadline: Deadline) -> dict[str, str]:
        """Guard the hosts that are not guarded yet, and put the end of those off that go on for ever.

        Return, by host, why that could not be.
        """
        found = {}
        for name in host_names:
            cloud = self._cloud_of(name)
            if cloud is None:
                continue
            if not self._guard.is_guarded(name) and (why := self._guard.once(name, cloud)):
                found[name] = why
            if (command := cloud.renewal()) is not None and (why := self._renew(name, command, deadline)):
                found[name] = why
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
