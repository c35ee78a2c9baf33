"""Testers as containers, on hosts that have a Docker engine."""

import json
import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

from orchestrator.errors import ConfigurationError, LeftBehind, OrchestratorError
from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.containers import Engine, EngineRefused, open_engine
from orchestrator.places.engines.engine import EngineAddress, EngineHosts, EngineUnreachable, HostGone
from orchestrator.places.engines.spool_mirror import SpoolMirror
from orchestrator.places.engines.tester_container import LOG_BYTES
from orchestrator.places.engines.tester_on_engine import Stamp, TesterOnEngine
from orchestrator.places.files import write_whole
from orchestrator.places.images.image import remove_image
from orchestrator.places.images.plan import ImagePlan
from orchestrator.places.place import Life, NewHost, Said, Say, SpoolCount

FETCH_S = 300.0
"""How long a spool may take to arrive."""

OPERATION_S = 60.0
"""How long a job may take to be told, and a log to arrive."""

MANY = 16
"""Hosts that are asked at once."""

NOT_FOUND = 404
START_ATTEMPTS = 3


class ContainerPlace:
    """Each host has one container and one volume, both of its name.

    `root` is where each host has a directory on this machine. `keeps_disk` says whether what we
    leave on a host is there after `EngineHosts.remove`: a cloud's disk goes with its host.
    `images` None: nothing can be started, only watched and removed.
    """

    def __init__(
        self,
        *,
        hosts: EngineHosts,
        images: ImagePlan | None,
        root: Path,
        keeps_disk: Callable[[str], bool],
        call_s: float = 10.0,
    ) -> None:
        self._hosts = hosts
        self._images = images
        self._root = root
        self._keeps_disk = keeps_disk
        self._call_s = call_s
        self._guard = threading.Lock()
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._stamps: dict[str, Stamp | None] = {}

    def prepare(self, drivers: Collection[str], *, deadline: Deadline) -> None:  # noqa: ARG002 - they are its own
        """Make what hosts will need; what fails here fails again when one is made."""
        with suppress(OrchestratorError, OSError):
            self._hosts.prepare(deadline=deadline)

    def create(self, host: NewHost, *, say: Say, deadline: Deadline) -> None:
        """Make the host; its engine answers."""
        self._directory(host.name).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._hosts.create(host, say=say, deadline=deadline)

    def start(
        self, host_name: str, *, job: bytes, token: str, first_index: int, say: Say, deadline: Deadline
    ) -> None:
        """Bring the image, fill the volume, start the container; one that differs is replaced."""
        assert self._images is not None, "a place without images starts nothing"
        with self._alone(host_name), self._engine(host_name, deadline) as engine:
            for attempt in range(1, START_ATTEMPTS + 1):
                self._note_image(host_name, self._images.tag())
                image_id = self._images.bring(engine, say=say)
                say("Starting the tester")
                try:
                    TesterOnEngine(engine, name=host_name).start(
                        image_id=image_id, job=job, token=token, first_index=first_index
                    )
                except EngineRefused as error:
                    # Whoever removed the last other tester there took the image along.
                    if error.status != NOT_FOUND or attempt == START_ATTEMPTS:
                        raise
                else:
                    return

    def tell(self, host_name: str, *, job: bytes) -> None:
        """Replace the job as a whole, so that the tester never reads half of one."""
        with self._alone(host_name), self._engine(host_name) as engine:
            TesterOnEngine(engine, name=host_name).tell(job)

    def lives(self, host_names: Sequence[str]) -> dict[str, Life]:
        """Ask all engines at once how their testers are."""
        if not host_names:
            return {}
        with ThreadPoolExecutor(max_workers=min(MANY, len(host_names))) as pool:
            return dict(zip(host_names, pool.map(self._life, host_names), strict=True))

    def stop(self, host_name: str, *, deadline: Deadline) -> None:
        """Stop the container; where nothing was ever made, nothing is to be stopped."""
        try:
            with self._engine(host_name, deadline) as engine:
                TesterOnEngine(engine, name=host_name).stop()
        except HostGone:
            return

    def spooled(self, host_name: str) -> list[str]:
        """Fetch what is new in the spool, and return the names of the reports that wait.

        Of a host that does not answer they are those that were fetched before, if there are any.
        """
        return self._fetched_or_kept(host_name).names()

    def spool_count(self, host_name: str) -> SpoolCount:
        """Fetch what is new in the spool, and count it, as `spooled` does."""
        return self._fetched_or_kept(host_name).count()

    def kept(self, host_name: str) -> SpoolCount:
        """Count what was fetched before and lies here undelivered, without asking the host."""
        return self._mirror(host_name).count()

    def read_report(self, host_name: str, name: str) -> bytes:
        """Return a report that was fetched."""
        return self._mirror(host_name).read(name)

    def drop_report(self, host_name: str, name: str) -> None:
        """Forget a report here; the host forgets it when its spool is looked into again."""
        with self._alone(host_name):
            self._mirror(host_name).drop(name)

    def log(self, host_name: str) -> Path | None:
        """Fetch what the container wrote."""
        path = self._directory(host_name) / "tester.log"
        try:
            with self._engine(host_name) as engine:
                said = TesterOnEngine(engine, name=host_name).log()
        except HostGone:
            said = b""
        if said:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, said[-LOG_BYTES:])
        return path if path.exists() else None

    def runs_made(self, host_name: str, *, sweep_id: UUID, tester_id: UUID) -> int:
        """Fetch the tester's own note of how far it is."""
        return self._fetched(host_name).runs_made(sweep_id=sweep_id, tester_id=tester_id)

    def last_words(self, host_name: str) -> str:
        """Return why the container ended, or the last line that it wrote."""
        with self._engine(host_name) as engine:
            return TesterOnEngine(engine, name=host_name).last_words()

    def ssh_command(self, host_name: str) -> list[str] | None:
        """Return the command that opens a shell on the host, None where there is no such way."""
        return self._hosts.ssh_command(host_name)

    def address(self, host_name: str) -> str | None:
        """Return where other testers reach the host: containers share its network."""
        return self._hosts.address(host_name)

    def admit(self, host_names: Sequence[str], *, addresses: Collection[str]) -> None:
        """Let testers at some addresses send echo requests to hosts."""
        self._hosts.admit(host_names, addresses=addresses)

    def tend(self, host_names: Sequence[str], *, deadline: Deadline) -> Mapping[str, str]:
        """See that hosts end by themselves once everybody forgets them."""
        return self._hosts.tend(host_names, deadline=deadline)

    def taken_back(self, host_names: Sequence[str]) -> Mapping[str, str]:
        """Return the hosts that their cloud takes back, and why."""
        return self._hosts.taken_back(host_names)

    def execute(self, host_name: str, command: Sequence[str], *, deadline: Deadline) -> Said:
        """Run a command in the tester's container; raise `ConfigurationError` where that does not run."""
        with self._engine(host_name, deadline) as engine:
            if not TesterOnEngine(engine, name=host_name).lives():
                raise ConfigurationError(
                    f"the container of {host_name} does not run",
                    cause="its tester has ended",
                    next_step="orchestrate up --again starts it anew",
                )
            return engine.output(host_name, command)

    def remove(self, host_name: str, *, say: Say, deadline: Deadline) -> None:
        """Remove container, volume and image where they would stay, then the host."""
        if self._keeps_disk(host_name):
            self._clear(host_name, say=say, deadline=deadline)
        self._hosts.remove(host_name, say=say, deadline=deadline)
        shutil.rmtree(self._directory(host_name), ignore_errors=True)

    def _clear(self, host_name: str, *, say: Say, deadline: Deadline) -> None:
        try:
            with self._alone(host_name), self._engine(host_name, deadline) as engine:
                say("Removing container, volume and image")
                TesterOnEngine(engine, name=host_name).remove()
                for name in self._images_noted(host_name):
                    remove_image(engine, name)
        except HostGone:
            return
        except EngineUnreachable as error:
            url = self._hosts.engine(host_name).url
            raise LeftBehind(
                f"a container and a volume of ours may be left on the engine of {host_name}",
                cause=f"{error.what}: {error.cause}",
                next_step=f"docker --host {url} rm --force {host_name}; "
                f"docker --host {url} volume rm {host_name}; or orchestrate down, once it answers",
            ) from error

    def _fetched_or_kept(self, host_name: str) -> SpoolMirror:
        try:
            return self._fetched(host_name)
        except EngineUnreachable:
            mirror = self._mirror(host_name)
            if not mirror.names():
                raise
            return mirror

    def _fetched(self, host_name: str) -> SpoolMirror:
        mirror = self._mirror(host_name)
        try:
            with self._alone(host_name), self._engine(host_name, Deadline.after(FETCH_S)) as engine:
                tester = TesterOnEngine(engine, name=host_name)
                self._stamps[host_name] = tester.fetch(mirror, last=self._stamps.get(host_name))
        except HostGone:
            pass
        return mirror

    def _life(self, host_name: str) -> Life:
        try:
            with self._engine(host_name, Deadline.after(self._call_s)) as engine:
                alive = TesterOnEngine(engine, name=host_name).lives()
        except OrchestratorError:
            return Life.UNKNOWN
        return Life.RUNS if alive else Life.ENDED

    @contextmanager
    def _engine(self, host_name: str, deadline: Deadline | None = None) -> Iterator[Engine]:
        address: EngineAddress = self._hosts.engine(host_name)
        within = deadline or Deadline.after(OPERATION_S)
        with open_engine(address, name=host_name, deadline=within, ping_s=self._call_s) as engine:
            yield engine

    @contextmanager
    def _alone(self, host_name: str) -> Iterator[None]:
        with self._guard:
            lock = self._locks[host_name]
        with lock:
            yield

    def _note_image(self, host_name: str, tag: str) -> None:
        """Write down what is about to be brought to a host, so that it goes with it."""
        names = dict.fromkeys([*self._images_noted(host_name), tag])
        write_whole(
            self._directory(host_name) / "images.json", json.dumps({"v": 1, "names": list(names)}).encode()
        )

    def _images_noted(self, host_name: str) -> list[str]:
        try:
            return [
                str(name)
                for name in json.loads((self._directory(host_name) / "images.json").read_bytes())["names"]
            ]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def _mirror(self, host_name: str) -> SpoolMirror:
        directory = self._directory(host_name)
        return SpoolMirror(directory / "spool", dropped=directory / "dropped.json")

    def _directory(self, host_name: str) -> Path:
        return self._root / host_name
