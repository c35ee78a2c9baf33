"""Sees that the cloud knows what is ours, from the moment that a host is launched."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from uuid import UUID

from orchestrator.errors import OrchestratorError
from orchestrator.places.machine.cloud import Cloud
from orchestrator.places.machine.note import MachineNotes

LOOK_S = 1.5
"""How long a launch is given before the cloud is asked for it, and asked again."""


@dataclass(kw_only=True, slots=True)
class Launch:
    """A host on its way: `begun` once its cloud is asked, `denied` once the cloud will not give it now."""

    begun: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    denied: str = ""


class Guard:
    """Marks hosts as ours in their cloud, so that one that everybody forgets ends by itself."""

    def __init__(self, notes: MachineNotes) -> None:
        self._notes = notes

    @contextmanager
    def watching(self, name: str, cloud: Cloud | None) -> Iterator[Launch]:
        """Guard a host while it is made, from its launch on; at its end, try once more."""
        launch = Launch()
        if cloud is None:
            yield launch
            return
        watcher = threading.Thread(
            target=self._watch, args=(name, cloud, launch), name=f"guard-{name}", daemon=True
        )
        watcher.start()
        try:
            yield launch
        finally:
            launch.ended.set()
            launch.begun.set()
            watcher.join()

    def is_guarded(self, name: str) -> bool:
        """Return whether the cloud was seen to know whose a host is."""
        note = self._notes.read(name)
        return note is not None and note.guarded

    def once(self, name: str, cloud: Cloud) -> str:
        """Guard a host; return why that could not be, or an empty text."""
        note = self._notes.read(name)
        if note is None or note.guarded or not note.fleet_id:
            return ""
        try:
            done = cloud.guard(name, region=note.region, fleet_id=UUID(note.fleet_id), tester=note.tester)
        except OrchestratorError as error:
            return str(error)
        if done:
            # It may have been written to meanwhile.
            self._notes.write(name, replace(self._notes.read(name) or note, guarded=True))
            return ""
        return "its cloud does not show it yet"

    def _watch(self, name: str, cloud: Cloud, launch: Launch) -> None:
        launch.begun.wait()
        while not launch.ended.wait(LOOK_S):
            if not self.once(name, cloud):
                return
            launch.denied = launch.denied or self._denied(name, cloud)

    def _denied(self, name: str, cloud: Cloud) -> str:
        note = self._notes.read(name)
        try:
            return "" if note is None else cloud.denied(name, region=note.region)
        except OrchestratorError:
            # A cloud that does not answer has not denied anything.
            return ""
