"""What plan knows of runs and sweeps."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class RunState(StrEnum):
    """How far a run has come, in the collector's words."""

    ANNOUNCED = "announced"
    COMPLETE = "complete"
    TRUNCATED = "truncated"
    ABANDONED = "abandoned"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownRun:
    """A run that the collector knows; `tester` is a name, times are the collector's.

    `expected_s` is what its tester said that it takes at most.
    """

    run_id: UUID
    tester: str
    tester_id: UUID
    sweep_id: UUID
    index: int
    of: int | None
    state: RunState
    announced_at: datetime | None = None
    expected_s: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether it is complete, truncated or abandoned."""
        return self.state is not RunState.ANNOUNCED


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """One moment of a schedule: what was due, and when."""

    schedule_id: UUID
    due_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """One measuring of the fleet, or of `testers` alone, open until `finished_at` is set.

    `tick` is what began it, None for a person. A job (`orchestrate sweep`) removes its hosts, and is
    over when it has: until then `ended_at` is None.
    """

    sweep_id: UUID
    started_at: datetime
    finished_at: datetime | None = None
    is_job: bool = False
    ended_at: datetime | None = None
    testers: tuple[str, ...] | None = None
    tick: Tick | None = None
