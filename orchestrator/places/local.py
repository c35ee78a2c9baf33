"""Testers as processes of this machine.

A host is a directory. Its tester is found by that directory in the command line of a process, never
by a stored pid: a pid may belong to somebody else by the time it is read.
"""

import json
import os
import shutil
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from orchestrator.errors import ConfigurationError, OrchestratorError
from orchestrator.places import processes
from orchestrator.places.deadline import Deadline
from orchestrator.places.files import write_whole
from orchestrator.places.place import LOOPBACK, Life, NewHost, Said, Say, SpoolCount
from orchestrator.places.shell import python_command, start
from wire.fields import encode_object, time_text
from wire.job import Job

TERMINATE_S = 20.0
"""How long a tester may take over SIGTERM: it ends its run as truncated, and delivers or spools it."""

LAST_WORDS_BYTES = 4_096
REPORTS = "*.json.gz"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class StillThere(OrchestratorError):
    """A tester survived everything that was tried."""

    card_code = "still-there"

    exit_code = 5


class LocalPlace:
    """The place `local`: each host is a directory below `root`."""

    def __init__(self, *, root: Path) -> None:
        self._root = root

    def prepare(self, drivers: Collection[str], *, deadline: Deadline) -> None:
        """Do nothing: this machine is there."""

    def create(self, host: NewHost, *, say: Say, deadline: Deadline) -> None:  # noqa: ARG002 - the place's interface
        """Make the host's directory."""
        self._make(host.name)

    def tell(self, host_name: str, *, job: bytes) -> None:
        """Replace the job as a whole, so that the tester never reads half of one."""
        write_whole(self._job(host_name), job)

    def start(
        self,
        host_name: str,
        *,
        job: bytes,
        token: str,
        first_index: int,
        say: Say,  # noqa: ARG002 - the place's interface
        deadline: Deadline,  # noqa: ARG002 - as above
    ) -> None:
        """Write job and token, and start the tester if it does not run."""
        self._make(host_name)
        directory = self._directory(host_name)
        write_whole(directory / "token", token.encode() + b"\n")
        self.tell(host_name, job=job)
        self._begin_with(host_name, first_index, job=Job.from_bytes(job))
        if not self.is_running(host_name):
            start(self._command(host_name), log=directory / "tester.log")

    def is_running(self, host_name: str) -> bool:
        """Return whether a process has this host's job in its command line."""
        return bool(processes.with_arguments(str(self._job(host_name))))

    def lives(self, host_names: Sequence[str]) -> dict[str, Life]:
        """Return how the testers of some hosts are, with one look at the process table."""
        seen = processes.arguments()
        return {name: Life.RUNS if str(self._job(name)) in seen else Life.ENDED for name in host_names}

    def stop(self, host_name: str, *, deadline: Deadline) -> None:
        """Ask the tester to end, insist, and see that it is gone; raise `StillThere`."""
        argument = str(self._job(host_name))
        if not processes.stop(argument, deadline=deadline, patience_s=TERMINATE_S):
            raise StillThere(
                f"the tester of {host_name} is still there",
                cause="its process did not end, not even by SIGKILL",
                next_step=f"pkill -KILL -f {argument}",
            )

    def spooled(self, host_name: str) -> list[str]:
        """Return the names of the reports in the spool, oldest first."""
        return sorted(path.name for path in (self._spool(host_name) / "reports").glob(REPORTS))

    def spool_count(self, host_name: str) -> SpoolCount:
        """Count what lies in the spool."""
        rejected = (self._spool(host_name) / "rejected").glob(REPORTS)
        return SpoolCount(waiting=len(self.spooled(host_name)), rejected=sum(1 for _ in rejected))

    def read_report(self, host_name: str, name: str) -> bytes:
        """Return a spooled report; the tester may have delivered it meanwhile (`FileNotFoundError`)."""
        return (self._spool(host_name) / "reports" / name).read_bytes()

    def drop_report(self, host_name: str, name: str) -> None:
        """Delete a report that was delivered."""
        (self._spool(host_name) / "reports" / name).unlink(missing_ok=True)

    def log(self, host_name: str) -> Path | None:
        """Return the tester's log file."""
        path = self._directory(host_name) / "tester.log"
        return path if path.exists() else None

    def runs_made(self, host_name: str, *, sweep_id: UUID, tester_id: UUID) -> int:
        """Read the tester's own note of how far it is, 0 where there is none."""
        try:
            note = json.loads((self._spool(host_name) / "state.json").read_bytes())
            return int(note["sweeps"][f"{sweep_id}/{tester_id}"]["next_index"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def last_words(self, host_name: str) -> str:
        """Return the last line of the log that is not empty."""
        path = self.log(host_name)
        if path is None:
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LAST_WORDS_BYTES))
            lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
        return next((line for line in reversed(lines) if line), "")

    def ssh_command(self, host_name: str) -> list[str] | None:  # noqa: ARG002 - the place's interface
        """Return None: this machine is where one is already."""
        return None

    def address(self, host_name: str) -> str | None:  # noqa: ARG002 - the place's interface
        """Return the loopback: how this machine is reached from outside, it cannot know."""
        return LOOPBACK

    def admit(self, host_names: Sequence[str], *, addresses: Collection[str]) -> None:
        """Do nothing: testers of this machine reach each other."""

    def tend(self, host_names: Sequence[str], *, deadline: Deadline) -> dict[str, str]:  # noqa: ARG002 - as above
        """Return nothing: no host is made here."""
        return {}

    def taken_back(self, host_names: Sequence[str]) -> dict[str, str]:  # noqa: ARG002 - as above
        """Return nothing: no host is made here."""
        return {}

    def execute(self, host_name: str, command: Sequence[str], *, deadline: Deadline) -> Said:  # noqa: ARG002 - as above
        """Refuse: a tester of this machine has no container."""
        raise ConfigurationError(
            f"{host_name} is a process of this machine",
            cause="there is no container of it to run anything in",
            next_step="run the command here",
        )

    def remove(self, host_name: str, *, say: Say, deadline: Deadline) -> None:  # noqa: ARG002 - the place's interface
        """Stop the tester and delete its directory."""
        self.stop(host_name, deadline=deadline)
        directory = self._directory(host_name)
        shutil.rmtree(directory, ignore_errors=True)
        if directory.exists():
            raise StillThere(
                f"the directory of {host_name} cannot be deleted",
                cause=f"something holds {directory}",
                next_step=f"rm -r {directory}",
            )

    def names(self) -> list[str]:
        """Return the names of all hosts that have a directory here."""
        if not self._root.is_dir():
            return []
        return sorted(entry.name for entry in os.scandir(self._root) if entry.is_dir())

    def _make(self, host_name: str) -> None:
        (self._directory(host_name) / "spool").mkdir(mode=0o700, parents=True, exist_ok=True)

    def _begin_with(self, host_name: str, first_index: int, *, job: Job) -> None:
        """Write the tester's own note of how far it is, where it has none: its former host has gone."""
        path = self._spool(host_name) / "state.json"
        if first_index == 0 or path.exists():
            return
        done = {"next_index": first_index, "last_started_at": time_text(LONG_AGO)}
        sweeps = {f"{job.sweep_id}/{job.tester_id}": done}
        write_whole(path, encode_object({"v": 1, "sweeps": sweeps, "skipped_count": 0}))

    def _directory(self, host_name: str) -> Path:
        return self._root / host_name

    def _job(self, host_name: str) -> Path:
        return self._directory(host_name) / "job.json"

    def _spool(self, host_name: str) -> Path:
        return self._directory(host_name) / "spool"

    def _command(self, host_name: str) -> list[str]:
        directory = self._directory(host_name)
        return python_command(
            "tester",
            "run",
            "--job",
            str(directory / "job.json"),
            "--token-file",
            str(directory / "token"),
            "--spool",
            str(directory / "spool"),
        )
