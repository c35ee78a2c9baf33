"""Sees to hosts while an orchestrator lives.

Each is to end by itself once everybody forgets it, and one that its cloud takes back is left in time.
"""

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from orchestrator.act.chain import Failure
from orchestrator.act.crew import Crew
from orchestrator.act.hosts import HostWork
from orchestrator.act.ports import Ports
from orchestrator.decide.host import Host, HostState
from orchestrator.errors import OrchestratorError
from orchestrator.events import Note, TesterFailed
from orchestrator.fleet.drivers import is_of_docker_machine
from orchestrator.places.deadline import Deadline

EVERY_S = 15.0
"""Clouds warn two minutes before they take a host back."""

LOOK_S = 120.0
"""How long one look at all hosts may take."""

WITH_TESTER = (HostState.RUNNING, HostState.STARTING)


@dataclass(kw_only=True, slots=True)
class Tending:
    """What was seen of the hosts; `taken_back` grows beside whatever else is done."""

    ports: Ports
    taken_back: Mapping[str, str] = field(default_factory=dict)
    _left: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Look at every host once, and say what could not be done for some."""
        problems = tend(self.ports)
        try:
            self.taken_back = taken_back(self.ports)
        except OrchestratorError as error:
            problems.append(f"nobody knows whether spot hosts are taken back: {error.what}")
        for problem in problems:
            if problem not in self._told:
                self._told.add(problem)
                self.ports.emit(Note(time=self.ports.clock(), level="warning", text=problem))

    def leave_in_time(self, crew: Crew, work: HostWork, *, only: Collection[str] | None) -> None:
        """Begin to leave the hosts that are taken back, while they still answer."""
        taken = self.taken_back
        for host in self.ports.journal.hosts() if taken else ():
            is_ours = only is None or host.tester in only
            if (
                is_ours
                and host.name in taken
                and host.name not in self._left
                and host.state in WITH_TESTER
                and host.tester not in crew.busy
            ):
                self._left.add(host.name)
                why = taken[host.name]
                crew.submit(host.tester, lambda host=host, why=why: self._leave(host, why, work))  # type: ignore[misc]

    def _leave(self, host: Host, why: str, work: HostWork) -> Failure | None:
        """Let the tester end its run and hand over what it has; the host counts as failed then."""
        patience = self.ports.patience
        what, cause = f"{host.name} is taken back by its cloud", f"spot interruption: {why}"
        self.ports.emit(
            TesterFailed(
                time=self.ports.clock(),
                tester=host.tester,
                what=what,
                cause=cause,
                next_step="another host is made for it, unless ORCHESTRATE_CREATE_ATTEMPTS are used up",
                code="spot-taken-back",
            )
        )
        try:
            self.ports.place.stop(host.name, deadline=Deadline.after(patience.stop_deadline_s))
        except OrchestratorError as error:
            # It may be gone already: what it has not sent is lost, and the next host goes on.
            self.ports.emit(
                Note(time=self.ports.clock(), level="warning", text=f"{host.tester}: {error.what}")
            )
        work.fail(host.name, reason=cause)
        return None


@contextmanager
def tending(ports: Ports) -> Iterator[Tending]:
    """Tend the hosts of a fleet from time to time, beside whatever is done within."""
    ended = threading.Event()
    seen = Tending(ports=ports)

    def go_on() -> None:
        while not ended.wait(EVERY_S):
            seen.look()

    thread = threading.Thread(target=go_on, name="tending", daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join(LOOK_S)


def tend(ports: Ports, *, within_s: float = LOOK_S) -> list[str]:
    """Look at every host once, and return what could not be done for some."""
    names = _names(ports)
    if not names:
        return []
    try:
        found = ports.place.tend(names, deadline=Deadline.after(within_s))
    except OrchestratorError as error:
        return [error.what]
    return [f"{name} may outlive its orchestrator, or end before it: {why}" for name, why in found.items()]


def taken_back(ports: Ports) -> Mapping[str, str]:
    """Return the hosts that their clouds take back, and why; raise an `OrchestratorError`."""
    names = _names(ports)
    return ports.place.taken_back(names) if names else {}


def _names(ports: Ports) -> list[str]:
    return [host.name for host in ports.journal.hosts() if is_of_docker_machine(host.driver)]
