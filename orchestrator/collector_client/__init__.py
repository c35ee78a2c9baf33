"""The door to the collector: its HTTP API, as methods."""

from orchestrator.collector_client.client import CollectorClient, Health
from orchestrator.collector_client.errors import (
    CollectorError,
    CollectorFailing,
    CollectorRefused,
    CollectorUnreachable,
    EventsSilent,
    NotACollector,
    WrongVersion,
)
from orchestrator.collector_client.stream import Event, EventStream

__all__ = [
    "CollectorClient",
    "CollectorError",
    "CollectorFailing",
    "CollectorRefused",
    "CollectorUnreachable",
    "Event",
    "EventStream",
    "EventsSilent",
    "Health",
    "NotACollector",
    "WrongVersion",
]
