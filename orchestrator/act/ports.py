"""What acting needs: the fleet's own facts, and the doors to the outside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from orchestrator.act.access import Access
from orchestrator.act.journal import Journal
from orchestrator.act.state import FleetState
from orchestrator.collector_client import CollectorClient
from orchestrator.events import Event
from orchestrator.patience import Patience
from orchestrator.places.place import Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """The doors that one command holds open.

    `tester_ids` is by tester's name. `image` is our name for what containers are made from, empty where
    nothing is started. `emit` takes events from any thread.
    """

    fleet_id: UUID
    state: FleetState
    journal: Journal
    place: Place
    client: CollectorClient
    access: Access
    tester_ids: Mapping[str, UUID]
    emit: Callable[[Event], None]
    clock: Callable[[], datetime]
    patience: Patience = field(default_factory=Patience)
    image: str = ""
