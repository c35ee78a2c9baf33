"""Nothing that was measured is lost when a host goes."""

import gzip
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from orchestrator.act.ports import Ports
from orchestrator.collector_client import CollectorError, CollectorRefused
from orchestrator.decide.host import Host, HostEvent
from orchestrator.events import Drained
from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.engine import EngineUnreachable

NEVER = (400, 403, 409, 410, 413, 422)
"""Statuses of a report that the collector will never take (storage.md)."""

AGAIN_S = 2.0
"""Time between two tries to reach a host that does not answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What became of a spool: reports delivered, left for later, and refused for good."""

    delivered: int
    left: int
    rejected: int
    reason: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left on the host."""
        return self.left == 0 and self.rejected == 0


def drain(host: Host, *, ports: Ports, deadline: Deadline) -> Delivery:
    """Stop a host's tester, deliver what it spooled, and journal both.

    What cannot be delivered stays where it is, and the host DRAINING. A host that does not answer is
    tried again for `Patience.vanished_after_s`, then `EngineUnreachable` is raised.
    """
    patience = ports.patience
    ports.journal.move(host.name, HostEvent.DRAIN_STARTED)
    deadline = deadline.sooner(patience.drain_deadline_s)
    answers_by = deadline.sooner(patience.vanished_after_s)
    while True:
        try:
            ports.place.stop(host.name, deadline=deadline.sooner(patience.stop_deadline_s))
            delivery = deliver(host.name, ports=ports, deadline=deadline)
            break
        except EngineUnreachable:
            if answers_by.is_over:
                _deliver_fetched(host, ports=ports)
                raise
            time.sleep(min(AGAIN_S, answers_by.left_s))
    if delivery.is_whole:
        ports.journal.move(host.name, HostEvent.DRAINED, detail=f"{delivery.delivered} delivered")
    tell(host, delivery, ports=ports)
    return delivery


def _deliver_fetched(host: Host, *, ports: Ports) -> None:
    """Deliver what was fetched from a host before it fell silent."""
    with suppress(EngineUnreachable):
        deadline = Deadline.after(ports.patience.drain_deadline_s)
        tell(host, deliver(host.name, ports=ports, deadline=deadline), ports=ports)


def tell(host: Host, delivery: Delivery, *, ports: Ports) -> None:
    """Say what became of a spool, if anything was in it."""
    if delivery.delivered or not delivery.is_whole:
        ports.emit(
            Drained(
                time=ports.clock(),
                tester=host.tester,
                delivered=delivery.delivered,
                left=delivery.left,
                rejected=delivery.rejected,
                reason=delivery.reason,
            )
        )


def deliver(host_name: str, *, ports: Ports, deadline: Deadline) -> Delivery:
    """Deliver a spool with the admin token, the oldest report first.

    A report that the collector will never take does not block the next one; a collector that does
    not answer ends it.
    """
    names = ports.place.spooled(host_name)
    already = ports.place.spool_count(host_name).rejected
    delivered = refused = 0
    reason = ""
    for name in names:
        if deadline.is_over:
            reason = "the time for it is over"
            break
        try:
            body = gzip.decompress(ports.place.read_report(host_name, name))
            ports.client.put_report(_run_id(name), body)
        except FileNotFoundError:
            # The tester delivered it between our look and our read.
            delivered += 1
        except (ValueError, zlib.error, EOFError, gzip.BadGzipFile) as error:
            refused += 1
            reason = f"{name} is damaged: {error}"
        except CollectorRefused as error:
            if error.status not in NEVER:
                reason = error.what
                break
            refused += 1
            reason = error.what
        except CollectorError as error:
            reason = error.what
            break
        else:
            ports.place.drop_report(host_name, name)
            delivered += 1
    return Delivery(
        delivered=delivered,
        left=len(names) - delivered - refused,
        rejected=refused + already,
        reason=reason,
    )


def _run_id(name: str) -> UUID:
    """Return the run of a spooled report, from `<started>-<run_id>.json.gz`."""
    return UUID(name.removesuffix(".json.gz")[-36:])
