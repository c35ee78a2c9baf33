"""One host's tester, by the Docker engine that it runs on."""

from collections.abc import Iterable
from typing import Any

from orchestrator.places.engines import tester_container as tester
from orchestrator.places.engines.containers import Engine, EngineRefused
from orchestrator.places.engines.spool_mirror import SpoolMirror
from wire.job import Job

LAST_LINES = 20
NAMES_AT_ONCE = 200
PYTHON = ("python3", "-I", "-S", "-c")
REPLACE = "import os, sys; os.replace(*sys.argv[1:])"
UNLINK = "import pathlib, sys; [pathlib.Path(name).unlink(missing_ok=True) for name in sys.argv[1:]]"

Stamp = tuple[str | None, str | None]
"""When a spool's folders were last written to."""


class TesterOnEngine:
    """The container and the volume called `name`; every call may raise what `Engine` raises."""

    def __init__(self, engine: Engine, *, name: str) -> None:
        self._engine = engine
        self._name = name

    def found(self) -> dict[str, Any] | None:
        """Return what the engine knows of the container; raise `EngineRefused` for somebody else's."""
        found = self._engine.container(self._name)
        if found is not None and _labels(found).get("latency.host") != self._name:
            raise EngineRefused(
                f"the container {self._name} on its engine is not ours",
                cause="it does not have our labels",
                next_step="remove or rename it",
            )
        return found

    def lives(self) -> bool:
        """Return whether the tester runs, or is about to be started again."""
        found = self.found()
        return found is not None and is_alive(found)

    def start(self, *, image_id: str, job: bytes, token: str, first_index: int) -> None:
        """Let the tester run with this image and job; a container that has others is replaced."""
        told = Job.from_bytes(job)
        labels = tester.labels_of(told, host_name=self._name, digest=tester.digest_of(job, image_id=image_id))
        found = self.found()
        if found is not None and not labels.items() <= _labels(found).items():
            self.remove_container()
            found = None
        if found is not None and is_alive(found):
            return
        if found is None:
            self._engine.create_volume(self._name, labels=labels)
            config = tester.container_config(
                image_id=image_id, volume=self._name, labels=labels, init=self._engine.has_init()
            )
            self._engine.create_container(self._name, config)
        self._fill(told, job=job, token=token, first_index=first_index)
        self._engine.start(self._name)

    def tell(self, job: bytes) -> None:
        """Replace the job as a whole, so that the tester never reads half of one."""
        found = self.found()
        if found is None:
            raise EngineRefused(f"{self._name} has no tester that could be told a job")
        if not is_alive(found):
            self._put({"job.json": job})
            return
        self._put({tester.NEW_JOB: job})
        self._execute(REPLACE, [f"{tester.HOME}/{tester.NEW_JOB}", tester.JOB], what="be told its new job")

    def fetch(self, mirror: SpoolMirror, *, last: Stamp | None) -> Stamp | None:
        """Bring a mirror to what the spool holds; return its stamp, None where there is no spool.

        A running tester whose spool has the stamp `last` is left in peace.
        """
        found = self.found()
        if found is None:
            return None
        alive = is_alive(found)
        if alive:
            self._delete(mirror)
        folders = (f"{tester.SPOOL}/reports", f"{tester.SPOOL}/rejected")
        reports, rejected = (self._engine.modified(self._name, folder) for folder in folders)
        # The time of a folder is coarse: who has ended is looked at whatever it says.
        if not alive or (reports, rejected) != last:
            try:
                with self._engine.archive(self._name, tester.SPOOL) as chunks:
                    mirror.take(chunks)
            except FileNotFoundError:
                return None
        return reports, rejected

    def last_words(self) -> str:
        """Return why the container ended, or the last line that it wrote."""
        found = self.found()
        if found is None:
            return ""
        state = found["State"]
        if state.get("OOMKilled"):
            return f"it needed more than {tester.MEMORY_BYTES // 2**20} MiB of memory"
        text = self._engine.log(self._name, lines=LAST_LINES).decode(errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else str(state.get("Error") or "")

    def log(self) -> bytes:
        """Return what the tester wrote, so much as is kept."""
        return self._engine.log(self._name)

    def stop(self) -> None:
        """Stop the tester; it may finish what it writes."""
        self._engine.stop(self._name, patience_s=tester.STOP_S)

    def remove(self) -> None:
        """Remove container and volume."""
        self.remove_container()
        self._engine.remove_volume(self._name)

    def remove_container(self) -> None:
        """Remove the container alone; one that runs is stopped first."""
        if self.found() is not None:
            self.stop()
            self._engine.remove_container(self._name)

    def _fill(self, told: Job, *, job: bytes, token: str, first_index: int) -> None:
        files = {"token": token.encode() + b"\n", "job.json": job}
        if first_index > 0 and self._engine.modified(self._name, f"{tester.SPOOL}/state.json") is None:
            files["spool/state.json"] = tester.state_note(told, first_index=first_index)
        self._put(files, folders=("spool",))

    def _put(self, files: dict[str, bytes], *, folders: tuple[str, ...] = ()) -> None:
        self._engine.put_archive(self._name, tester.HOME, tester.archive_of(files, folders=folders))

    def _delete(self, mirror: SpoolMirror) -> None:
        """Delete from the spool what was delivered from the mirror."""
        names = sorted(mirror.dropped())
        for first in range(0, len(names), NAMES_AT_ONCE):
            some = names[first : first + NAMES_AT_ONCE]
            paths = [f"{tester.SPOOL}/reports/{name}" for name in some]
            self._execute(UNLINK, paths, what="forget what was delivered")
            mirror.deleted(some)

    def _execute(self, program: str, arguments: Iterable[str], *, what: str) -> None:
        code = self._engine.execute(self._name, [*PYTHON, program, *arguments])
        if code != 0:
            raise EngineRefused(f"the tester of {self._name} could not {what}: exit code {code}")


def is_alive(found: dict[str, Any]) -> bool:
    """Return whether a container runs, or is about to be started again."""
    return bool(found["State"]["Running"] or found["State"].get("Restarting"))


def _labels(found: dict[str, Any]) -> dict[str, str]:
    return found["Config"].get("Labels") or {}
