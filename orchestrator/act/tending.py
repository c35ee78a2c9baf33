"""Sees to hosts while an orchestrator lives: each is to end by itself once everybody forgets it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.act.ports import Ports
from orchestrator.errors import OrchestratorError
from orchestrator.events import Note
from orchestrator.fleet.drivers import is_of_docker_machine
from orchestrator.places.deadline import Deadline

EVERY_S = 30.0
LOOK_S = 120.0
"""How long one look at all hosts may take."""


@contextmanager
def tending(ports: Ports) -> Iterator[None]:
    """Tend the hosts of a fleet from time to time, beside whatever is done within."""
    ended = threading.Event()
    thread = threading.Thread(target=_tend, args=(ports, ended), name="tending", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(LOOK_S)


def _tend(ports: Ports, ended: threading.Event) -> None:
    told: set[str] = set()
    while not ended.wait(EVERY_S):
        for problem in tend(ports):
            if problem not in told:
                told.add(problem)
                ports.emit(Note(time=ports.clock(), level="warning", text=problem))


def tend(ports: Ports) -> list[str]:
    """Look at every host once, and return what could not be done for some."""
    names = [host.name for host in ports.journal.hosts() if is_of_docker_machine(host.driver)]
    if not names:
        return []
    try:
        found = ports.place.tend(names, deadline=Deadline.after(LOOK_S))
    except OrchestratorError as error:
        return [error.what]
    return [f"{name} may outlive its orchestrator, or end before it: {why}" for name, why in found.items()]
