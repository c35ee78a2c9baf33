"""What can be done, as data. Each action says why."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateHost:
    """Make a host for a tester.

    `host_name` None: mint one and journal it as PLANNED first. A name: that host is journalled as
    PLANNED already, nothing of it is made. `attempt` goes into the journal with it.
    """

    tester_name: str
    reason: str
    host_name: str | None = None
    attempt: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class StartTester:
    """Start the tester on its host, with the open sweep's job.

    `host_name` None: the host that the `CreateHost` before it has made for this tester.
    `first_index` is the first run that it has to make: runs before it are known to the collector.
    """

    tester_name: str
    reason: str
    host_name: str | None = None
    first_index: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplaceTester:
    """Stop the tester, write its job anew and start it again on the same host, for what remains.

    A run that it is at ends truncated; its reports stay in the spool of that host.
    """

    host_name: str
    tester_name: str
    reason: str
    first_index: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateJob:
    """Write the job anew; the tester reads it before its next run."""

    host_name: str
    tester_name: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepHost:
    """Change nothing: the host and its tester are as the fleet says."""

    host_name: str
    tester_name: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DrainHost:
    """Stop the tester and deliver what its spool holds."""

    host_name: str
    tester_name: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveHost:
    """Remove the host and everything of it."""

    host_name: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AbandonRun:
    """Tell the collector that a run's report is not to be waited for.

    A run that has ended in the meantime stays as it is.
    """

    run_id: UUID
    tester_name: str
    tester_id: UUID
    sweep_id: UUID
    index: int
    of: int | None
    reason: str


Action = CreateHost | StartTester | ReplaceTester | UpdateJob | KeepHost | DrainHost | RemoveHost | AbandonRun


def changes(actions: list[Action]) -> list[Action]:
    """Return the actions that change something: all but `KeepHost`."""
    return [action for action in actions if not isinstance(action, KeepHost)]
