"""Carries out actions: each tester's in their order, many testers at a time."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from orchestrator.act.drain import drain
from orchestrator.act.hosts import HostWork
from orchestrator.act.ports import Ports
from orchestrator.decide.actions import (
    AbandonRun,
    Action,
    CreateHost,
    DrainHost,
    KeepHost,
    RemoveHost,
    ReplaceTester,
    StartTester,
    UpdateJob,
)
from orchestrator.errors import OrchestratorError
from orchestrator.events import TesterFailed
from orchestrator.places.deadline import Deadline


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """What went wrong with one tester; `is_left` says that its host may be there still."""

    tester: str
    error: Exception
    is_left: bool = False


def apply(
    actions: Sequence[Action],
    *,
    work: HostWork,
    ports: Ports,
    concurrency: int,
    deadline: Deadline,
    stopping: threading.Event,
) -> list[Failure]:
    """Carry out actions and return what failed; one tester's failure stops nobody else's actions.

    Once `stopping` is set, what is begun is finished and nothing else is begun.
    """
    chains: dict[str, list[Action]] = {}
    testers = {host.name: host.tester for host in ports.journal.hosts(include_removed=True)}
    for action in actions:
        if not isinstance(action, KeepHost):
            chains.setdefault(_tester(action, testers), []).append(action)
    if not chains:
        return []

    def carry_out(tester: str) -> Failure | None:
        return _chain(tester, chains[tester], work=work, ports=ports, deadline=deadline, stopping=stopping)

    with ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="apply") as pool:
        return [failure for failure in pool.map(carry_out, chains) if failure is not None]


def _chain(
    tester: str,
    actions: list[Action],
    *,
    work: HostWork,
    ports: Ports,
    deadline: Deadline,
    stopping: threading.Event,
) -> Failure | None:
    made: str | None = None
    for action in actions:
        if stopping.is_set():
            return None
        try:
            made = _one(action, made=made, work=work, ports=ports, deadline=deadline) or made
        except Exception as error:  # noqa: BLE001 - one tester's failure must not stop the others
            return _failed(tester, action, made=made, error=error, work=work, ports=ports)
    return None


def _one(action: Action, *, made: str | None, work: HostWork, ports: Ports, deadline: Deadline) -> str | None:
    """Carry out one action; return the name of the host that it made, if it made one."""
    match action:
        case CreateHost():
            return work.create(action, deadline=deadline)
        case StartTester():
            host_name = action.host_name or made
            assert host_name is not None
            work.start(
                host_name,
                tester_name=action.tester_name,
                first_index=action.first_index,
                deadline=deadline,
            )
        case ReplaceTester():
            work.replace(
                action.host_name,
                tester_name=action.tester_name,
                first_index=action.first_index,
                deadline=deadline,
            )
        case UpdateJob():
            work.tell(action.host_name, tester_name=action.tester_name)
        case DrainHost():
            drain(ports.journal.host(action.host_name), ports=ports, deadline=deadline)
        case RemoveHost():
            work.remove(action.host_name, reason=action.reason, deadline=deadline)
        case AbandonRun():
            ports.client.abandon_run(
                action.run_id,
                tester_id=action.tester_id,
                sweep_id=action.sweep_id,
                index=action.index,
                of=action.of,
                reason=action.reason,
            )
        case KeepHost():
            pass
    return None


def _failed(
    tester: str, action: Action, *, made: str | None, error: Exception, work: HostWork, ports: Ports
) -> Failure:
    host_name = getattr(action, "host_name", None) or made
    is_left = isinstance(action, RemoveHost)
    if host_name is not None and not is_left:
        work.fail(host_name, reason=str(error))
    what, cause, next_step = (
        error.card if isinstance(error, OrchestratorError) else (str(error), type(error).__name__, "")
    )
    ports.emit(
        TesterFailed(
            time=ports.clock(),
            tester=tester,
            what=what,
            cause=cause,
            next_step=next_step or f"orchestrate logs {tester}",
        )
    )
    return Failure(tester=tester, error=error, is_left=is_left)


def _tester(action: Action, testers: dict[str, str]) -> str:
    if isinstance(action, RemoveHost):
        return testers.get(action.host_name, action.host_name)
    return action.tester_name
