"""Where the tester's job comes from; it is read again before each run."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from tester.errors import JobError
from wire.errors import UnknownVersion, WireError
from wire.job import Job

MOST_PROBES = 100_000_000
"""Probes of a run whose positions still fit into memory (8 bytes each, twice)."""


def refuse_excess(job: Job) -> None:
    """Raise `JobError` where a run would hold more than memory does."""
    planned = len(job.servers) * job.probe.count
    if planned > MOST_PROBES:
        raise JobError(
            f"{len(job.servers)} servers × {job.probe.count} probes are {planned}, "
            f"and a run holds {MOST_PROBES} at most: lower the count"
        )


class Jobs(Protocol):
    """Says what to do."""

    def read(self) -> Job:
        """Return the job as it stands now; raise `JobError`."""


class JobFile:
    """A file that somebody writes; `collector_url` and `insecure` from the command line win."""

    def __init__(self, path: Path, *, collector_url: str | None = None, insecure: bool = False) -> None:
        self._path = path
        self._collector_url = collector_url
        self._insecure = insecure

    def read(self) -> Job:
        """Return the job as it stands now; raise `JobError`."""
        try:
            job = Job.from_bytes(self._path.read_bytes())
        except OSError as error:
            raise JobError(f"the job file {self._path} cannot be read: {error.strerror}") from None
        except UnknownVersion as error:
            raise JobError(
                f"the job file {self._path}: {error.reason}; use the tester that belongs to that orchestrator"
            ) from None
        except WireError as error:
            raise JobError(f"the job file {self._path} is wrong: {error}") from None
        refuse_excess(job)
        return replace(
            job,
            collector_url=self._collector_url or job.collector_url,
            insecure=self._insecure or job.insecure,
        )


class FixedJob:
    """A job that somebody gave on the command line."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def read(self) -> Job:
        """Return the job."""
        return self._job
