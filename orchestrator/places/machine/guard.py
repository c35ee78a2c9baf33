"""Sees that the cloud knows what is ours, from the moment that a host is launched."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from orchestrator.errors import OrchestratorError
from orchestrator.places.machine.cloud import Cloud
from orchestrator.places.machine.note import MachineNotes

LOOK_S = 1.5
"""How long a launch is given before the cloud is asked for it, and asked again."""


class Guard:
    """Marks hosts as ours in their cloud, so that one that everybody forgets ends by itself."""

    def __init__(self, notes: MachineNotes) -> None:
        self._notes = notes

    @contextmanager
    def watching(self, name: str, cloud: Cloud | None) -> Iterator[threading.Event]:
        """Guard a host while it is made, from when the event is set; at its end, try once more."""
        launched, ended = threading.Event(), threading.Event()
        if cloud is None:
            yield launched
            return
        watcher = threading.Thread(
            target=self._watch, args=(name, cloud, launched, ended), name=f"guard-{name}", daemon=True
        )
        watcher.start()
        try:
            yield launched
        finally:
            ended.set()
            launched.set()
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

    def _watch(self, name: str, cloud: Cloud, launched: threading.Event, ended: threading.Event) -> None:
        launched.wait()
        while not ended.wait(LOOK_S):
            if not self.once(name, cloud):
                return
