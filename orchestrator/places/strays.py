"""Testers of a fleet that run on this machine without a journal that knows them."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from orchestrator.places import processes
from orchestrator.places.deadline import Deadline
from wire.errors import WireError
from wire.job import Job

STOP_S = 20.0
JOB = "job.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Strays:
    """What was found and stopped, and what did not end."""

    stopped: int
    left: int


def stop_strays(fleet_id: UUID) -> Strays:
    """Stop every local tester of a fleet; its job file says whose it is, its name alone would not."""
    mark = f"-{fleet_id.hex[:8]}-"
    found = sorted(
        argument
        for argument in processes.arguments()
        if argument.endswith(f"/{JOB}") and mark in argument and _is_of(Path(argument), fleet_id)
    )
    deadline = Deadline.after(STOP_S)
    gone = [processes.stop(argument, deadline=deadline, patience_s=STOP_S) for argument in found]
    return Strays(stopped=sum(gone), left=len(gone) - sum(gone))


def _is_of(path: Path, fleet_id: UUID) -> bool:
    try:
        return Job.from_bytes(path.read_bytes()).fleet_id == fleet_id
    except (OSError, WireError):
        return False
