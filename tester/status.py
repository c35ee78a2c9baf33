"""What the tester is at."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """What the tester is at, for its heartbeat."""

    state: str = "starting"
    sweep_id: UUID | None = None
    run_id: UUID | None = None
    index: int | None = None
    of: int | None = None
    next_run_at: datetime | None = None
