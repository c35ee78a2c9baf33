"""What an orchestrator has done and is about to do, on disk.

A record is committed before the step that it announces, so that whoever comes after a killed
orchestrator finds everything that it began.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from orchestrator.act.journal_file import JournalFile
from orchestrator.decide.facts import Sweep, Tick
from orchestrator.decide.host import Host, HostEvent, HostState, moved
from orchestrator.errors import OrchestratorError
from wire.fields import time_text


class MovedByAnother(OrchestratorError):
    """A host is not in the state that we knew: somebody else moved it."""

    card_code = "moved-by-another"


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetRecord:
    """The fleet that this journal belongs to; `spec` is what was last asked for.

    `directory` is where relative paths of the spec begin. `collector_url` is where its results went
    last, None for the embedded collector. `joined`: its UUID was taken from the collector.
    """

    fleet_id: UUID
    name: str
    created_at: datetime
    spec: dict[str, Any]
    source: str
    directory: str = "."
    collector_url: str | None = None
    joined: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """One move of a host."""

    at: datetime
    host: str
    event: str
    state: str
    detail: str


class Journal:
    """The journal of one fleet; one connection, guarded, that threads may share."""

    def __init__(
        self, path: Path, *, clock: Callable[[], datetime], after_write: Callable[[], None] | None = None
    ) -> None:
        self._clock = clock
        self._file = JournalFile(path, after_write=after_write)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def fleet(self) -> FleetRecord | None:
        """Return whose journal this is, None before the first `up`."""
        row = self._file.one("SELECT * FROM fleet")
        if row is None:
            return None
        return FleetRecord(
            fleet_id=UUID(row["fleet_id"]),
            name=row["name"],
            created_at=datetime.fromisoformat(row["created_at"]),
            spec=json.loads(row["spec"]),
            source=row["source"],
            directory=row["directory"],
            collector_url=row["collector_url"],
            joined=bool(row["joined"]),
        )

    def write_fleet(self, record: FleetRecord) -> None:
        """Write whose journal this is; its UUID never changes while it has hosts."""
        with self._file.writing() as db:
            db.execute("DELETE FROM fleet")
            db.execute(
                "INSERT INTO fleet VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    str(record.fleet_id),
                    record.name,
                    time_text(record.created_at),
                    json.dumps(record.spec),
                    record.source,
                    record.directory,
                    record.collector_url,
                    record.joined,
                ),
            )

    def hosts(self, *, include_removed: bool = False) -> list[Host]:
        """Return the hosts of which something may be there, by name; all on request."""
        rows = self._file.all("SELECT * FROM hosts ORDER BY name")
        hosts = [_host(row) for row in rows]
        return [host for host in hosts if include_removed or host.live]

    def host(self, name: str) -> Host:
        """Return one host; raise `KeyError`."""
        row = self._file.one("SELECT * FROM hosts WHERE name = ?", name)
        if row is None:
            raise KeyError(name)
        return _host(row)

    def add_host(self, host: Host, *, detail: str = "", cloud_region: str = "") -> None:
        """Write a new host down, before anything of it is made.

        `cloud_region` is where its driver makes it, by the cloud's own name; it is never forgotten.
        """
        with self._file.writing() as db:
            if cloud_region:
                db.execute("INSERT OR IGNORE INTO regions VALUES (?, ?)", (host.driver, cloud_region))
            db.execute(
                "INSERT INTO hosts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    host.name,
                    host.tester,
                    str(host.tester_id),
                    host.driver,
                    host.region,
                    host.state.value,
                    time_text(host.since),
                    host.job_digest,
                    None if host.sweep_id is None else str(host.sweep_id),
                    host.attempts,
                    host.failed,
                ),
            )
            self._log(db, host=host.name, event="planned", state=host.state, detail=detail)

    def cloud_regions(self, driver: str) -> list[str]:
        """Return every region in which a driver was ever asked for a host."""
        rows = self._file.all("SELECT region FROM regions WHERE driver = ? ORDER BY region", driver)
        return [row["region"] for row in rows]

    def move(self, name: str, event: HostEvent, *, detail: str = "") -> Host:
        """Move a host and return it as it is now.

        The write is a compare-and-set: `MovedByAnother` when the host is no longer in the state
        that the move starts from.
        """
        return self._move(name, event, detail=detail, told=None)

    def move_told(
        self, name: str, event: HostEvent, *, job_digest: str, sweep_id: UUID, detail: str = ""
    ) -> Host:
        """Move a host, as `move` does, and write what its tester is about to be told."""
        return self._move(name, event, detail=detail, told=(job_digest, str(sweep_id)))

    def tell(self, name: str, *, job_digest: str) -> None:
        """Write what a host's tester is about to be told, without a move."""
        with self._file.writing() as db:
            db.execute("UPDATE hosts SET job_digest = ? WHERE name = ?", (job_digest, name))
            self._log(db, host=name, event="told", state=self.host(name).state, detail="")

    def count_as_last(self, name: str, *, attempts: int) -> None:
        """Let this attempt to have a host for its tester count as the last of `attempts`."""
        with self._file.writing() as db:
            db.execute("UPDATE hosts SET attempts = max(attempts, ?) WHERE name = ?", (attempts, name))

    def sweeps(self) -> list[Sweep]:
        """Return all sweeps, the oldest first."""
        rows = self._file.all("SELECT * FROM sweeps ORDER BY started_at, sweep_id")
        return [_sweep(row) for row in rows]

    def newest_sweep(self) -> Sweep | None:
        """Return the sweep that was opened last."""
        row = self._file.one("SELECT * FROM sweeps ORDER BY started_at DESC, sweep_id DESC LIMIT 1")
        return None if row is None else _sweep(row)

    def add_sweep(self, sweep: Sweep) -> None:
        """Open a sweep."""
        tick = sweep.tick
        with self._file.writing() as db:
            db.execute(
                "INSERT INTO sweeps (sweep_id, started_at, is_job, testers, schedule_id, due_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    str(sweep.sweep_id),
                    time_text(sweep.started_at),
                    sweep.is_job,
                    None if sweep.testers is None else json.dumps(sweep.testers),
                    None if tick is None else str(tick.schedule_id),
                    None if tick is None else time_text(tick.due_at),
                ),
            )

    def drop_sweep(self, sweep_id: UUID) -> None:
        """Forget a sweep that was never begun: somebody else had begun it."""
        with self._file.writing() as db:
            db.execute("DELETE FROM sweeps WHERE sweep_id = ?", (str(sweep_id),))

    def make_job(self, sweep_id: UUID) -> None:
        """Let a sweep be a job from now on: whoever finds it removes its hosts."""
        with self._file.writing() as db:
            db.execute("UPDATE sweeps SET is_job = 1 WHERE sweep_id = ?", (str(sweep_id),))

    def end_jobs(self) -> None:
        """Write down that the hosts of every job were removed."""
        if self._file.one("SELECT 1 FROM sweeps WHERE is_job AND ended_at IS NULL") is None:
            return
        with self._file.writing() as db:
            db.execute(
                "UPDATE sweeps SET ended_at = ? WHERE is_job AND ended_at IS NULL",
                (time_text(self._clock()),),
            )

    def finish_sweep(self, sweep_id: UUID, *, outcome: str) -> None:
        """Close a sweep; one that is closed stays as it is."""
        with self._file.writing() as db:
            db.execute(
                "UPDATE sweeps SET finished_at = ?, outcome = ? WHERE sweep_id = ? AND finished_at IS NULL",
                (time_text(self._clock()), outcome, str(sweep_id)),
            )

    def outcome(self, sweep_id: UUID) -> str | None:
        """Return how a sweep ended, None while it is open."""
        row = self._file.one("SELECT outcome FROM sweeps WHERE sweep_id = ?", str(sweep_id))
        return None if row is None else row["outcome"]

    def upto(self, schedule_id: UUID) -> datetime | None:
        """Return up to when a schedule was looked after, None where it never was."""
        row = self._file.one("SELECT upto FROM schedules WHERE schedule_id = ?", str(schedule_id))
        return None if row is None else datetime.fromisoformat(row["upto"])

    def note_upto(self, schedule_id: UUID, upto: datetime) -> None:
        """Write down that nothing of a schedule is to be done up to a moment; it never goes back."""
        with self._file.writing() as db:
            db.execute(
                "INSERT INTO schedules VALUES (?1, ?2)"
                " ON CONFLICT (schedule_id) DO UPDATE SET upto = max(upto, ?2)",
                (str(schedule_id), time_text(upto)),
            )

    def log(self, *, host: str | None = None) -> list[LogLine]:
        """Return the moves of one host, or of all, the oldest first."""
        rows = self._file.all("SELECT * FROM log WHERE ?1 IS NULL OR host = ?1 ORDER BY id", host)
        return [
            LogLine(
                at=datetime.fromisoformat(row["at"]),
                host=row["host"],
                event=row["event"],
                state=row["state"],
                detail=row["detail"],
            )
            for row in rows
        ]

    def _move(self, name: str, event: HostEvent, *, detail: str, told: tuple[str, str] | None) -> Host:
        before = self.host(name)
        state = moved(before.state, event)
        now = time_text(self._clock())
        with self._file.writing() as db:
            done = db.execute(
                "UPDATE hosts SET state = ?, since = ?, failed = failed OR ?"
                " WHERE name = ? AND state = ? AND since = ?",
                (
                    state.value,
                    now,
                    state is HostState.FAILED,
                    name,
                    before.state.value,
                    time_text(before.since),
                ),
            )
            if done.rowcount == 0:
                raise MovedByAnother(
                    f"host {name} was moved by somebody else",
                    cause=f"it is no longer {before.state}",
                    next_step="run the command again",
                )
            if told is not None:
                db.execute("UPDATE hosts SET job_digest = ?, sweep_id = ? WHERE name = ?", (*told, name))
            self._log(db, host=name, event=event.value, state=state, detail=detail)
        return self.host(name)

    def _log(self, db: sqlite3.Connection, *, host: str, event: str, state: HostState, detail: str) -> None:
        db.execute(
            "INSERT INTO log (at, host, event, state, detail) VALUES (?, ?, ?, ?, ?)",
            (time_text(self._clock()), host, event, state.value, detail),
        )


def _host(row: sqlite3.Row) -> Host:
    return Host(
        name=row["name"],
        tester=row["tester"],
        tester_id=UUID(row["tester_id"]),
        driver=row["driver"],
        region=row["region"],
        state=HostState(row["state"]),
        since=datetime.fromisoformat(row["since"]),
        job_digest=row["job_digest"],
        sweep_id=None if row["sweep_id"] is None else UUID(row["sweep_id"]),
        attempts=row["attempts"],
        failed=bool(row["failed"]),
    )


def _sweep(row: sqlite3.Row) -> Sweep:
    return Sweep(
        sweep_id=UUID(row["sweep_id"]),
        started_at=datetime.fromisoformat(row["started_at"]),
        finished_at=_time(row["finished_at"]),
        is_job=bool(row["is_job"]),
        ended_at=_time(row["ended_at"]),
        testers=None if row["testers"] is None else tuple(json.loads(row["testers"])),
        tick=_tick(row),
    )


def _tick(row: sqlite3.Row) -> Tick | None:
    due_at = _time(row["due_at"])
    return None if due_at is None else Tick(schedule_id=UUID(row["schedule_id"]), due_at=due_at)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
