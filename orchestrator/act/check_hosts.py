"""What would be refused of hosts on other machines, and what a person should know of them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import NAMESPACE_DNS

from orchestrator.act.access import Access
from orchestrator.act.identity import new_host_name, tester_id_of
from orchestrator.act.placing import machine_hosts
from orchestrator.act.state import FleetState
from orchestrator.decide.delivery import is_fetched, is_loopback, is_on_this_machine
from orchestrator.errors import ConfigurationError, OrchestratorError
from orchestrator.fleet.drivers import DOCKER, GENERIC, LOCAL, is_of_docker_machine
from orchestrator.fleet.model import Fleet, Tester
from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.environment import AMAZON
from orchestrator.places.place import NewHost
from orchestrator.settings import Edge

if TYPE_CHECKING:
    from orchestrator.places.machine.check import Found

NOWHERE = "http://127.0.0.1"
"""Where an embedded collector listens."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caution:
    """Something that refuses nothing, and that a person should know."""

    detail: str
    cause: str = ""
    next_step: str = ""


class HostChecks:
    """Looks at the testers of one fleet that run on hosts, `only` some of them; `offline`: at no keys."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        state: FleetState,
        access: Access | None,
        only: Collection[str] | None,
        offline: bool = False,
        edge: Edge,
    ) -> None:
        self._fleet = fleet
        self._state = state
        self._url = NOWHERE if access is None else access.url
        self._offline = offline
        self._edge = edge
        concerned = [tester for tester in fleet.testers if only is None or tester.name in only]
        self.on_machines = [tester for tester in concerned if is_of_docker_machine(tester.driver)]
        self.on_engines = [tester for tester in concerned if tester.driver == DOCKER]
        self.elsewhere = [tester for tester in concerned if tester.driver != LOCAL]
        self._found = cache(self._ask_machines)

    def machines(self) -> str:
        """Raise where docker-machine, a driver or its options would not do; return which it is."""
        refused = [found for found in self._found() if found.state == "failed"]
        if refused:
            raise ConfigurationError(
                "\n".join(found.detail for found in refused),
                cause="\n".join(dict.fromkeys(found.cause for found in refused if found.cause)),
                next_step=next((found.next_step for found in refused if found.next_step), ""),
                card_code=next((found.code for found in refused if found.code), None),
            )
        return "; ".join(found.detail for found in self._found() if found.state == "ok")

    def machine_cautions(self) -> Iterator[Caution]:
        """Yield what docker-machine will do that nobody expects."""
        spot = [tester.name for tester in self.on_machines if tester.spot and tester.driver != AMAZON]
        if spot:
            yield Caution(
                detail=f"`spot` of {_some(spot)} is not asked for: their hosts cost the full price",
                next_step="set the driver's own option for it",
            )
        endless = [
            tester.name for tester in self.on_machines if tester.driver not in (AMAZON, GENERIC, "none")
        ]
        if endless:
            yield Caution(
                detail=f"nothing ends the hosts of {_some(endless)} but `orchestrate down`",
                cause="only EC2's have a dead-man switch",
                next_step="see that `down` is run, or set an end in that cloud",
            )
        for found in self._found():
            if found.state == "warning":
                yield Caution(detail=found.detail, cause=found.cause, next_step=found.next_step)

    def engines(self) -> str:
        """Raise where an engine of the driver `docker` does not answer."""
        from orchestrator.places.engines.containers import open_engine
        from orchestrator.places.engines.docker import address_of

        urls = []
        for tester in self.on_engines:
            address = address_of(tester.options)
            if address.url not in urls:
                urls.append(address.url)
                deadline = Deadline.after(self._edge.settings.patience.engine_deadline_s)
                try:
                    with open_engine(address, name=tester.name, deadline=deadline):
                        pass
                except OrchestratorError as error:
                    raise ConfigurationError(*error.card, card_code=error.card_code) from None
        return f"{', '.join(urls)} answers"

    def image(self) -> str:
        """Raise where the tester's image cannot be had; return its name."""
        from orchestrator.places.engines.docker import LOCAL_ENGINE
        from orchestrator.places.engines.engine import EngineAddress
        from orchestrator.places.images.plan import ImagePlan

        local = EngineAddress(url=LOCAL_ENGINE)
        base = Path(self._fleet.directory)
        with TemporaryDirectory() as scratch:
            return ImagePlan(self._fleet.image, base=base, scratch=Path(scratch), local=local).tag()

    def delivery(self) -> str:
        """Return how reports come to the collector."""
        fetched = sum(self._is_fetched(tester) for tester in self.elsewhere)
        sent = len(self.elsewhere) - fetched
        parts = [f"{how} {count}" for count, how in ((sent, "sent by"), (fetched, "fetched from")) if count]
        return f"{self._fleet.delivery}: reports {', '.join(parts)}"

    def delivery_cautions(self) -> Iterator[Caution]:
        """Yield where hosts cannot reach the collector's URL, and what will happen."""
        if not is_loopback(self._url):
            return
        afar = [tester.name for tester in self.elsewhere if not is_on_this_machine(tester)]
        if not afar:
            return
        if self._fleet.delivery == "push":
            yield Caution(
                detail=f"{_some(afar)} cannot reach the collector at {self._url}",
                cause="it listens on the loopback of this machine; their reports lie spooled until `down`",
                next_step="set `delivery: auto`, or name a collector that they reach: `collector.url`",
            )
        else:
            yield Caution(
                detail=f"{_some(afar)} cannot reach the collector at {self._url}: reports are fetched",
                cause="their results come in while an orchestrator watches, and at the latest by `down`",
            )

    def _is_fetched(self, tester: Tester) -> bool:
        return is_fetched(fleet=self._fleet, tester=tester, collector_url=self._url)

    def _ask_machines(self) -> list["Found"]:
        from orchestrator.places.machine.check import check_program

        hosts = machine_hosts(self._state, fleet=self._fleet, edge=self._edge)
        return check_program(
            hosts.program,
            store=hosts.store,
            hosts=[self.like(tester) for tester in self.on_machines],
            environment=self._edge.environment,
            offline=self._offline,
        )

    def like(self, tester: Tester) -> NewHost:
        """Return a host like the one that the tester gets; no host will have its name."""
        fleet_id = tester_id_of(fleet_id=NAMESPACE_DNS, tester=self._fleet.name)
        return NewHost(
            name=new_host_name(fleet=self._fleet.name, tester=tester.name, fleet_id=fleet_id),
            tester=tester.name,
            driver=tester.driver,
            region=tester.region,
            fleet_id=fleet_id,
            options=tester.options,
            references=tester.references,
        )


def _some(names: list[str], *, most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
