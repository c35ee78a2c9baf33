"""Carries out the actions of one tester, in their order."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.act.drain import drain
from orchestrator.act.hosts import HostWork
from orchestrator.act.journal_file import JournalFailed
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
from orchestrator.errors import NO_ROOM, ConfigurationError, LeftBehind, NoRoom, OrchestratorError
from orchestrator.events import Note, TesterFailed
from orchestrator.places.deadline import Deadline


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """What went wrong with one tester; `is_left` says that its host may be there still."""

    tester: str
    error: Exception
    is_left: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """One tester's actions; the first that fails ends them.

    Once `stopping` is set, the action that is begun is finished and no other is begun.
    """

    tester: str
    actions: Sequence[Action]
    work: HostWork
    ports: Ports
    deadline: Deadline
    stopping: threading.Event

    def carry_out(self) -> Failure | None:
        """Carry out the actions and return what failed; raise `NoRoom`.

        A full disk of ours is no tester's failure: hosts are well, and whoever goes on once there is room
        finds all as it is written.
        """
        made: str | None = None
        begun = 0
        for action in self.actions:
            if self.stopping.is_set():
                return None
            try:
                made = self._one(action, made=made, begun=begun) or made
                if isinstance(action, DrainHost) and self._is_removed_next(action):
                    begun = max(begun, self.work.runs_begun(action.host_name))
            except NoRoom:
                raise
            except Exception as error:
                # Nothing else of one tester stops the others.
                if isinstance(error, OSError) and error.errno in NO_ROOM:
                    raise NoRoom.of(error) from error
                if not isinstance(action, DrainHost) or not self._is_removed_next(action):
                    return self._failed(action, made=made, error=error)
                if isinstance(error, JournalFailed):
                    return self._failed(action, made=made, error=error, is_left=True)
                self._note_loss(action, error)
        return None

    def _one(self, action: Action, *, made: str | None, begun: int) -> str | None:
        """Carry out one action; return the name of the host that it made, if it made one.

        A host that was drained after the plan had begun `begun` runs: a new one goes on after them.
        """
        work, ports, deadline = self.work, self.ports, self.deadline
        match action:
            case CreateHost():
                return work.create(action, deadline=deadline)
            case StartTester():
                host_name = action.host_name or made
                assert host_name is not None
                work.start(
                    host_name,
                    tester_name=action.tester_name,
                    first_index=max(action.first_index, begun),
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

    def _is_removed_next(self, drained: DrainHost) -> bool:
        return any(
            isinstance(action, RemoveHost) and action.host_name == drained.host_name
            for action in self.actions
        )

    def _note_loss(self, action: DrainHost, error: Exception) -> None:
        """Say that a host goes although nobody saw its spool: its removal must not wait for ever."""
        why = error.what if isinstance(error, OrchestratorError) else str(error)
        text = f"{self.tester}: {action.host_name} goes undrained, what only it holds is lost: {why}"
        self.ports.emit(Note(time=self.ports.clock(), level="warning", text=text))

    def _failed(
        self, action: Action, *, made: str | None, error: Exception, is_left: bool = False
    ) -> Failure:
        host_name = getattr(action, "host_name", None) or made
        is_removal = isinstance(action, RemoveHost)
        if host_name is not None and not is_removal:
            # What a person has to mend would cost a second host, and fail there as well.
            self.work.fail(host_name, reason=str(error), is_final=isinstance(error, ConfigurationError))
        what, cause, next_step = (
            error.card if isinstance(error, OrchestratorError) else (str(error), type(error).__name__, "")
        )
        self.ports.emit(
            TesterFailed(
                time=self.ports.clock(),
                tester=self.tester,
                what=what,
                cause=cause,
                next_step=next_step or f"orchestrate logs {self.tester}",
                code=error.card_code if isinstance(error, OrchestratorError) else "",
            )
        )
        is_left = is_left or is_removal or isinstance(error, LeftBehind)
        return Failure(tester=self.tester, error=error, is_left=is_left)


def chains_of(actions: Sequence[Action], *, tester_of: dict[str, str]) -> dict[str, list[Action]]:
    """Return what there is to do for each tester; `tester_of` names the tester of each host."""
    chains: dict[str, list[Action]] = {}
    for action in actions:
        if not isinstance(action, KeepHost):
            chains.setdefault(_tester(action, tester_of), []).append(action)
    return chains


def _tester(action: Action, tester_of: dict[str, str]) -> str:
    if isinstance(action, RemoveHost):
        return tester_of.get(action.host_name, action.host_name)
    return action.tester_name
