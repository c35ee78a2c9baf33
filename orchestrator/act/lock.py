"""One orchestrator at a time for a fleet."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from orchestrator.errors import NO_ROOM, ConfigurationError, NoRoom, OrchestratorError
from orchestrator.events import printable
from wire.fields import time_text

READ_BYTES = 4_096


class Held(ConfigurationError):
    """Another orchestrator works on this fleet."""

    card_code = "fleet-held"


@contextmanager
def fleet_lock(path: Path, *, fleet: str, command: str, now: datetime) -> Iterator[None]:
    """Hold a fleet; raise `Held`, telling who holds it, since when, and how to take over.

    The kernel lets go of the lock when its holder ends, however it ends, so a lock is never stale.
    """
    descriptor = _taken(path, fleet=fleet)
    try:
        holder = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "command": command,
            "since": time_text(now),
        }
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        except OSError as error:
            raise _cannot(path, error) from error
        yield
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _taken(path: Path, *, fleet: str) -> int:
    while True:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _cannot(path, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held = _held(descriptor, fleet=fleet)
            os.close(descriptor)
            raise held from None
        # Whoever held it may have deleted the file between our opening and our locking it.
        with suppress(FileNotFoundError):
            if os.fstat(descriptor).st_ino == path.stat().st_ino:
                return descriptor
        os.close(descriptor)


def _cannot(path: Path, error: OSError) -> OrchestratorError:
    kind = NoRoom if error.errno in NO_ROOM else OrchestratorError
    return kind(
        f"the lock {path} cannot be written: {error.strerror}",
        cause="nothing is begun that another orchestrator could not know of",
        next_step="make room and make it writable, or set ORCHESTRATE_STATE_DIR to another directory",
    )


def _held(descriptor: int, *, fleet: str) -> Held:
    try:
        holder = json.loads(os.pread(descriptor, READ_BYTES, 0))
        command, pid, host = str(holder["command"]), int(holder["pid"]), str(holder["host"])
        since = str(holder["since"])
    except (ValueError, KeyError, TypeError):
        # The holder is between taking the lock and signing it.
        return Held(
            f"fleet {fleet!r} is held by another orchestrator", next_step="try again in a few seconds"
        )
    return Held(
        f"fleet {fleet!r} is held by `{printable(command)}` (pid {pid} on {printable(host)}) since {since}",
        cause="one orchestrator works on a fleet at a time",
        next_step=f"wait until it ends, or take over: kill -INT {pid}, then run this command again",
    )
