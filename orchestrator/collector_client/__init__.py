"""The door to the collector: its HTTP API, as methods."""

from orchestrator.collector_client.client import CollectorClient, Health
from orchestrator.collector_client.errors import (
    CollectorError,
    CollectorFailing,
    CollectorRefused,
    CollectorUnreachable,
    NotACollector,
    WrongVersion,
)

__all__ = [
    "CollectorClient",
    "CollectorError",
    "CollectorFailing",
    "CollectorRefused",
    "CollectorUnreachable",
    "Health",
    "NotACollector",
    "WrongVersion",
]
