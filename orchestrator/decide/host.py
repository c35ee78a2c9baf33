"""The states of a host."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class HostState(StrEnum):
    """Where a host stands between being wanted and being gone."""

    PLANNED = "planned"
    """Its name is journalled; nothing has been made."""
    CREATING = "creating"
    READY = "ready"
    """It is there; no tester runs on it and no report lies on it."""
    STARTING = "starting"
    RUNNING = "running"
    FINISHED = "finished"
    """Its tester has made all its runs and ended; reports may lie in its spool."""
    DRAINING = "draining"
    REMOVING = "removing"
    REMOVED = "removed"
    FAILED = "failed"
    """Something went wrong; what was made may be there still."""


class HostEvent(StrEnum):
    """What happens to a host; each is journalled, those that end in STARTED before the deed."""

    CREATE_STARTED = "create_started"
    CREATED = "created"
    START_STARTED = "start_started"
    TESTER_STARTED = "tester_started"
    RUNS_COMPLETE = "runs_complete"
    DRAIN_STARTED = "drain_started"
    DRAINED = "drained"
    """Its tester is stopped and its spool is empty."""
    REMOVE_STARTED = "remove_started"
    REMOVED = "removed"
    FAILED = "failed"


LIVE = frozenset(HostState) - {HostState.REMOVED}
"""States in which something of the host may exist: all that `down` has to remove."""

MAY_HOLD_REPORTS = frozenset(
    {HostState.STARTING, HostState.RUNNING, HostState.FINISHED, HostState.DRAINING, HostState.FAILED}
)
"""States in which a tester may run or its spool may hold reports: drained before removal."""

MOVES: dict[tuple[HostState, HostEvent], HostState] = {
    (HostState.PLANNED, HostEvent.CREATE_STARTED): HostState.CREATING,
    (HostState.CREATING, HostEvent.CREATED): HostState.READY,
    (HostState.READY, HostEvent.START_STARTED): HostState.STARTING,
    # A start that was cut off is begun again; a tester is replaced on the host that it has.
    (HostState.STARTING, HostEvent.START_STARTED): HostState.STARTING,
    (HostState.RUNNING, HostEvent.START_STARTED): HostState.STARTING,
    (HostState.FINISHED, HostEvent.START_STARTED): HostState.STARTING,
    (HostState.STARTING, HostEvent.TESTER_STARTED): HostState.RUNNING,
    (HostState.RUNNING, HostEvent.RUNS_COMPLETE): HostState.FINISHED,
    **{(state, HostEvent.DRAIN_STARTED): HostState.DRAINING for state in MAY_HOLD_REPORTS},
    (HostState.DRAINING, HostEvent.DRAINED): HostState.READY,
    **{(state, HostEvent.REMOVE_STARTED): HostState.REMOVING for state in LIVE},
    (HostState.REMOVING, HostEvent.REMOVED): HostState.REMOVED,
    **{(state, HostEvent.FAILED): HostState.FAILED for state in LIVE - {HostState.REMOVING}},
}
"""Every move that there is. A removal that fails stays REMOVING, so that it is tried again."""


class IllegalMove(Exception):
    """An event that cannot happen to a host in this state."""

    def __init__(self, *, state: HostState, event: HostEvent) -> None:
        super().__init__(f"a host that is {state} cannot have {event}")
        self.state = state
        self.event = event


def moved(state: HostState, event: HostEvent) -> HostState:
    """Return the state after `event`; raise `IllegalMove` for a move outside the table."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(state=state, event=event) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """A host as the journal knows it.

    `tester` is the name of its tester. `job_digest` says what its tester was told, without the
    sweep (`told.digest_of_job`); None where no tester was started. `attempts` is the number of this
    attempt to have a host for its tester, from 1. `since` is when it came into its state. `failed`
    stays true of a host that has failed once, also when it is gone.
    """

    name: str
    tester: str
    tester_id: UUID
    driver: str
    region: str
    state: HostState
    since: datetime
    job_digest: str | None = None
    sweep_id: UUID | None = None
    attempts: int = 1
    failed: bool = False

    @property
    def live(self) -> bool:
        """Whether something of it may exist."""
        return self.state in LIVE
