"""The machine's own Docker engine, by its command line."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

SOCKET = "unix:///var/run/docker.sock"
SYS_RESOURCE = 24


class CommandFailed(Exception):
    """A command of the bed ended with an error; the text has the command and what it said."""


def run(
    command: Sequence[str], *, check: bool = True, timeout_s: float = 60, stdin: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end; raises CommandFailed when it fails and `check` is set."""
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if check and done.returncode != 0:
        raise CommandFailed(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done


def docker(
    *words: str, check: bool = True, timeout_s: float = 120, stdin: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Ask the engine of this machine, whatever DOCKER_HOST says."""
    return run(["docker", "-H", SOCKET, *words], check=check, timeout_s=timeout_s, stdin=stdin)


def privileges() -> list[str]:
    """Return what `--privileged` would grant, less what this machine itself was not given.

    A sandbox often lacks CAP_SYS_RESOURCE, and there `--privileged` fails.
    """
    found = re.search(r"CapBnd:\s*(\w+)", Path("/proc/self/status").read_text(encoding="ascii"))
    words = ["--cap-add", "ALL", "--device-cgroup-rule", "a *:* rwm"]
    for part in ("seccomp", "apparmor", "systempaths"):
        words += ["--security-opt", f"{part}=unconfined"]
    if found is not None and not int(found[1], 16) >> SYS_RESOURCE & 1:
        words += ["--cap-drop", "SYS_RESOURCE"]
    return words
