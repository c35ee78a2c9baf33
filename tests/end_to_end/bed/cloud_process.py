"""The process of a bed's cloud, seen from the one who begins it."""

import fcntl
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.end_to_end.bed import certificates
from tests.end_to_end.bed.engine import run
from tests.end_to_end.bed.ground import ROOT, Ground, clear
from tests.end_to_end.bed.lacking import docker_machine

REPOSITORY = Path(__file__).parents[3]
WRAPPER = Path(__file__).parent / "wrapper.py"
FRESH_KEYS = Path(__file__).parent / "fresh_keys.py"
HELD_S = 5.0
END_S = 10.0


class Standing(Exception):
    """A bed of that name is up already."""


class CloudProcess:
    """The cloud: it holds the bed's lock while it lives, and clears the bed when its owner has died."""

    def __init__(self, process: "subprocess.Popen[bytes]", *, life: int | None) -> None:
        self._process = process
        self._life = life

    @classmethod
    def begin(cls, ground: Ground, *, image: str, data: Path, lock: int, outlive: bool) -> "CloudProcess":
        """Begin it in the bed's network, and with this machine's files, where the engine's socket is."""
        # Nobody writes to this pipe: its reader learns of our death by its end.
        reading, writing = os.pipe()
        command = [
            *(
                "nsenter",
                f"--net=/run/netns/{ground.name}",
                sys.executable,
                "-m",
                "tests.end_to_end.bed.cloud",
            ),
            *(str(ground.folder), "--image", image, "--data", str(data)),
        ]
        if not outlive:
            command += ["--life", str(reading)]
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHONWARN"))
        }
        with (ground.folder / "cloud.log").open("wb") as said:
            process = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                pass_fds=[lock] if outlive else [lock, reading],
                start_new_session=True,
            )
        os.close(reading)
        if outlive:
            os.close(writing)
            # A process that outlives us is not waited for.
            process.returncode = None
        return cls(process, life=None if outlive else writing)

    def is_dead(self) -> bool:
        """Tell whether it has ended."""
        return self._process.poll() is not None

    def forget(self) -> None:
        """Take leave of it after the bed was cleared; raises TimeoutExpired when it lives on."""
        self._process.wait(timeout=END_S)
        if self._life is not None:
            os.close(self._life)
            self._life = None


@contextmanager
def held(name: str) -> Iterator[int]:
    """Hold the lock of a bed's name; raises Standing when its cloud holds it."""
    until = time.monotonic() + HELD_S
    while (lock := _try_lock(ROOT / name / "lock")) is None:
        if time.monotonic() > until:
            raise Standing(f"a bed named {name} is up")
        time.sleep(0.1)
    try:
        yield lock
    finally:
        os.close(lock)


def _try_lock(path: Path) -> int | None:
    """Return the descriptor of a lock that is held now, None while somebody else holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever cleared an abandoned bed has removed the file that we may have opened before.
            if os.fstat(lock).st_ino == path.stat().st_ino:
                return lock
        os.close(lock)
    return None


def clear_abandoned() -> None:
    """Remove beds whose cloud is dead: nobody holds their lock."""
    for folder in ROOT.glob("bed*"):
        if (lock := _try_lock(folder / "lock")) is None:
            continue
        try:
            with suppress(FileNotFoundError):
                clear(Ground.read(folder))
            # A bed that was killed before it was laid has nothing else.
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def furnish(ground: Ground) -> None:
    """Put into a bed's folder what its cloud and its docker-machine need; raises Lacking, CommandFailed."""
    folder = ground.folder
    folder.chmod(0o711)
    certificates.make(folder / "tls")
    run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", str(folder / "id_rsa")])
    (folder / "secret").write_text(secrets.token_urlsafe(30), encoding="ascii")
    (folder / "secret").chmod(0o600)
    (folder / "kills").mkdir()
    (folder / "docker-machine.path").write_text(str(docker_machine()), encoding="utf-8")
    (folder / "bin").mkdir()
    for name, source in (("docker-machine", WRAPPER), ("fresh-keys", FRESH_KEYS)):
        program = folder / "bin" / name
        # Alone with the standard library: it gets a scrubbed environment, and begins quickly.
        program.write_text(f"#!{sys.executable} -IS\n{source.read_text(encoding='utf-8')}", encoding="utf-8")
        program.chmod(0o755)
