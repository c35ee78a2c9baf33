"""A way to the Docker engine of a host that is reached by ssh."""

import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.events import printable
from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.engine import EngineAddress, EngineUnreachable
from orchestrator.places.shell import run

ENGINE_SOCKET = "/var/run/docker.sock"
CONNECT_S = 10.0
CLOSE_S = 5.0
IDLE_S = 120
"""A tunnel that we could not close, because we were killed, closes itself after this time."""

OPTIONS = (
    # There is nobody who could answer a question.
    *("-o", "BatchMode=yes"),
    # Who cannot prove to be that host gets no token.
    *("-o", "StrictHostKeyChecking=yes"),
    *("-o", f"ConnectTimeout={CONNECT_S:.0f}"),
    *("-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3"),
    *("-o", "ExitOnForwardFailure=yes", "-o", "StreamLocalBindMask=0177"),
    *("-o", "ControlMaster=yes", "-o", f"ControlPersist={IDLE_S}"),
)


@contextmanager
def reached(address: EngineAddress, *, deadline: Deadline) -> Iterator[EngineAddress]:
    """Return an address that needs no ssh: through a tunnel, or the same; raise `EngineUnreachable`."""
    if urlsplit(address.url).scheme != "ssh":
        yield address
        return
    # A socket's path has room for about a hundred bytes.
    folder = Path(tempfile.mkdtemp(prefix="orchestrate-ssh-"))
    control = ["-o", f"ControlPath={folder / 'control'}"]
    words = ssh_words(address.url)
    try:
        forward = ["-f", "-N", "-L", f"{folder / 'engine'}:{ENGINE_SOCKET}"]
        _open([*control, *OPTIONS, *forward], words, deadline=deadline)
        yield EngineAddress(url=f"unix://{folder / 'engine'}")
    finally:
        run(["ssh", *control, "-O", "exit", *words], deadline=Deadline.after(CLOSE_S))
        shutil.rmtree(folder, ignore_errors=True)


def ssh_words(url: str) -> list[str]:
    """Return what `ssh` is to be told to reach the host of an `ssh://` URL."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    port = [] if parts.port is None else ["-p", str(parts.port)]
    user = [] if parts.username is None else ["-l", parts.username]
    return [*port, *user, "--", parts.hostname]


def _open(options: Sequence[str], words: Sequence[str], *, deadline: Deadline) -> None:
    outcome = run(["ssh", *options, *words], deadline=deadline.sooner(2 * CONNECT_S))
    if outcome.code == 0 and not outcome.timed_out:
        return
    said = [printable(line.strip()) for line in outcome.stderr.splitlines() if line.strip()]
    raise EngineUnreachable(
        f"{words[-1]} cannot be reached by ssh",
        cause="it does not answer" if outcome.timed_out or not said else said[-1],
        next_step=f"ssh {shlex.join(words)} docker version",
    )
