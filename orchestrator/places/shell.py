"""The one door that starts programs."""

import logging
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from orchestrator.errors import OrchestratorError
from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.tail import Tail

if TYPE_CHECKING:
    from plumbum.machines.local import LocalCommand

LOG = logging.getLogger(__name__)

KEPT_VARIABLES = (
    "HOME",
    "LANG",
    "LANGUAGE",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "PATH",
    "SSH_AUTH_SOCK",
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
LOOK_S = 0.1
"""How often a program that writes to a file is looked at."""

DETACH_S = 20.0
DETACH = Path(__file__).with_name("detach.py")
PACKAGES = Path(__file__).parents[2]
"""Where our packages lie, so that programs of ours find them from a checkout as from a wheel."""


class ProgramFailed(OrchestratorError):
    """A program could not be started, or did not end in time."""

    card_code = "program-failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a program ended.

    `timed_out` means that it was stopped at its deadline, `stopped` that it was stopped because
    somebody asked for it; `code` is then negative.
    """

    code: int
    stdout: str
    stderr: str
    timed_out: bool = False
    stopped: bool = False


def python_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of ours with this very Python.

    `-P` keeps the working directory out of the import path.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def run(
    argv: Sequence[str],
    *,
    deadline: Deadline,
    stdin: bytes = b"",
    extra: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Run a program to its end; past the deadline it is killed with all of its children.

    It leads a session of its own and all of that is signalled: a grandchild that holds the pipe
    would keep us waiting otherwise. A program of ours gets `extra` besides what every program sees,
    a stranger gets `environment`. Raise `ProgramFailed` if it cannot be started.
    """
    process = _popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        environment=_given(extra) if environment is None else environment,
    )  # fmt: skip
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


def follow(
    argv: Sequence[str],
    *,
    log: Path,
    deadline: Deadline,
    environment: Mapping[str, str],
    on_line: Callable[[str], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Run a program that writes to the end of `log`, and tell each line as it is written.

    It has no input, and everything that it writes comes back as `stdout`. It outlives our sudden
    death, and an exception from `on_line`: what it has begun may not be cut off in the middle. Past
    the deadline, or once `stop` returns True, its whole session is killed. Raise `ProgramFailed`.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        begin = os.fstat(descriptor).st_size
        process = _popen(
            argv, stdin=subprocess.DEVNULL, stdout=descriptor, stderr=subprocess.STDOUT,
            environment=environment,
        )  # fmt: skip
    finally:
        os.close(descriptor)
    timed_out = stopped = False
    tail = Tail(log, offset=begin, on_line=on_line)
    while process.poll() is None:
        stopped = stop()
        timed_out = deadline.is_over and not stopped
        if stopped or timed_out:
            _kill_group(process)
            break
        tail.read()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=min(LOOK_S, deadline.left_s))
    return Outcome(
        code=process.returncode if process.returncode is not None else -signal.SIGKILL,
        stdout=tail.finish(),
        stderr="",
        timed_out=timed_out,
        stopped=stopped,
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


def _popen(
    argv: Sequence[str], *, stdin: int, stdout: int, stderr: int, environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    program = _command(argv[0])
    # The command may be known to everybody: secrets travel in files and in the environment.
    LOG.debug("starts %s", shlex.join(argv))
    try:
        # plumbum hands out a thin wrapper that passes everything on to the Popen within.
        return cast(
            "subprocess.Popen[bytes]",
            program.popen(
                list(argv[1:]),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                env=dict(environment),
                new_session=True,
            ),
        )
    except OSError as error:
        raise ProgramFailed(f"{argv[0]} cannot be started", cause=str(error.strerror)) from None


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


def kill_session(pid: int) -> None:
    """Kill the program that leads a session and everybody in it; succeed when nobody is left."""
    import psutil  # takes a while, and is needed by few commands

    # The leader's group gets the signal at once; who left the group has not left the session.
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if process.pid != pid and os.getsid(process.pid) == pid:
                process.kill()


def _kill_group(process: "subprocess.Popen[bytes]") -> tuple[bytes, bytes]:
    kill_session(process.pid)
    try:
        stdout, stderr = process.communicate(timeout=KILL_WAIT_S)
    except subprocess.TimeoutExpired:
        # Somebody left the session and holds the pipe: what he writes is not ours to wait for.
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        return b"", b""
    return stdout or b"", stderr or b""


def become(argv: Sequence[str]) -> int:
    """Run a program on the terminal that we have, and return what it ended with.

    It reads the terminal and its signals itself: an interrupt is its own affair.
    """
    program = _command(argv[0])
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = program.popen(
            list(argv[1:]), stdin=None, stdout=None, stderr=None, env=dict(os.environ), restore_signals=True
        )
        return int(process.wait())
    finally:
        signal.signal(signal.SIGINT, before)
