"""Fetches reports from hosts that cannot reach the collector, while their testers go on."""

import time
from collections.abc import Callable, Iterator

from orchestrator.act.drain import deliver, tell
from orchestrator.act.ports import Ports
from orchestrator.decide.delivery import is_fetched
from orchestrator.decide.host import Host, HostState
from orchestrator.errors import OrchestratorError
from orchestrator.events import Note
from orchestrator.fleet.model import Fleet
from orchestrator.places.deadline import Deadline


class Fetching:
    """Looks into the spools of a fleet's running testers, one host every `Patience.fetch_every_s`."""

    def __init__(self, *, fleet: Fleet, ports: Ports) -> None:
        self._fetched = {
            tester.name
            for tester in fleet.testers
            if is_fetched(fleet=fleet, tester=tester, collector_url=ports.access.url)
        }
        self._ports = ports
        self._last: dict[str, float] = {}
        self._troubled: set[str] = set()

    def due(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Yield each tester whose spool is to be looked into now, and the task that does it."""
        if not self._fetched:
            return
        now = time.monotonic()
        for host in self._ports.journal.hosts():
            if host.state is not HostState.RUNNING or host.tester not in self._fetched:
                continue
            if now - self._last.get(host.name, now - self._every_s) >= self._every_s:
                self._last[host.name] = now
                yield host.tester, lambda host=host: self._fetch(host)  # type: ignore[misc]  # bound now

    @property
    def _every_s(self) -> float:
        return self._ports.patience.fetch_every_s

    def _fetch(self, host: Host) -> None:
        deadline = Deadline.after(self._ports.patience.drain_deadline_s)
        try:
            delivery = deliver(host.name, ports=self._ports, deadline=deadline)
        except OrchestratorError as error:
            # The lookout decides how long a host may be silent.
            if host.name not in self._troubled:
                self._troubled.add(host.name)
                text = f"{host.tester}: its reports cannot be fetched now: {error.what}"
                self._ports.emit(Note(time=self._ports.clock(), level="warning", text=text))
            return
        self._troubled.discard(host.name)
        if delivery.delivered:
            tell(host, delivery, ports=self._ports)
