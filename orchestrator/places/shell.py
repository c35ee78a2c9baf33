"""The one door that starts programs."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from orchestrator.errors import OrchestratorError
from orchestrator.places.deadline import Deadline

if TYPE_CHECKING:
    from plumbum.machines.local import LocalCommand

KEPT_VARIABLES = (
    "HOME",
    "LANG",
    "LANGUAGE",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "USER",
    "VIRTUAL_ENV",
)
"""What a program of ours sees of the environment, besides `LC_*` and `XDG_*`.

A list of what may pass, not of what may not: nobody can list the names under which secrets stand.
"""

KILL_WAIT_S = 2.0
DETACH_S = 20.0
DETACH = Path(__file__).with_name("detach.py")
PACKAGES = Path(__file__).parents[2]
"""Where our packages lie, so that programs of ours find them from a checkout as from a wheel."""


class ProgramFailed(OrchestratorError):
    """A program could not be started, or did not end in time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a program ended; `timed_out` means that it was stopped, and `code` is then negative."""

    code: int
    stdout: str
    stderr: str
    timed_out: bool = False


def python_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of ours with this very Python.

    `-P` keeps the working directory out of the import path.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def run(
    argv: Sequence[str], *, deadline: Deadline, stdin: bytes = b"", extra: Mapping[str, str] | None = None
) -> Outcome:
    """Run a program to its end; past the deadline it is killed with all of its children.

    It leads a session of its own and the whole group is signalled: a grandchild that holds the pipe
    would keep us waiting otherwise. Raise `ProgramFailed` if it cannot be started.
    """
    program = _command(argv[0])
    try:
        # plumbum hands out a thin wrapper that passes everything on to the Popen within.
        process = cast(
            "subprocess.Popen[bytes]",
            program.popen(
                list(argv[1:]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_given(extra),
                new_session=True,
            ),
        )
    except OSError as error:
        raise ProgramFailed(f"{argv[0]} cannot be started", cause=str(error.strerror)) from None
    timed_out = False
    try:
        stdout, stderr = process.communicate(stdin, timeout=deadline.left_s)
    except subprocess.TimeoutExpired:
        timed_out = True
        stdout, stderr = _kill_group(process)
    except BaseException:
        _kill_group(process)
        raise
    return Outcome(
        code=process.returncode if process.returncode is not None else -signal.SIGKILL,
        stdout=stdout.decode(errors="replace"),
        stderr=stderr.decode(errors="replace"),
        timed_out=timed_out,
    )


def start(argv: Sequence[str], *, log: Path, extra: Mapping[str, str] | None = None) -> int:
    """Start a program that outlives us, and return its pid.

    It has no input, a session of its own, and writes to `log`. The pid tells nothing later on: it
    may belong to somebody else by then. Raise `ProgramFailed`.
    """
    launcher = [sys.executable, "-I", "-S", str(DETACH), str(log), *argv]
    outcome = run(launcher, deadline=Deadline.after(DETACH_S), extra=extra)
    if outcome.code != 0 or outcome.timed_out:
        said = outcome.stderr.strip().splitlines()
        raise ProgramFailed(f"{argv[0]} cannot be started", cause=said[-1] if said else "it said nothing")
    return int(outcome.stdout)


def _command(executable: str) -> "LocalCommand":
    from plumbum import local
    from plumbum.commands.processes import CommandNotFound

    # plumbum adds its own copy of the environment to whatever a command is given: that copy is
    # thinned out here, where nobody else uses it.
    for name in [name for name, _ in local.env if not _may_pass(name)]:
        with suppress(KeyError):
            del local.env[name]
    try:
        return local[executable]
    except CommandNotFound:
        raise ProgramFailed(f"{executable} is not there", cause="no such program on PATH") from None


def _may_pass(name: str) -> bool:
    return name in KEPT_VARIABLES or name.startswith(("LC_", "XDG_"))


def _given(extra: Mapping[str, str] | None) -> dict[str, str]:
    return {"PYTHONPATH": str(PACKAGES), "PYTHONUNBUFFERED": "1"} | dict(extra or {})


def _kill_group(process: "subprocess.Popen[bytes]") -> tuple[bytes, bytes]:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        return process.communicate(timeout=KILL_WAIT_S)
    except subprocess.TimeoutExpired:
        # Somebody left the session and holds the pipe: what he writes is not ours to wait for.
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        return b"", b""
