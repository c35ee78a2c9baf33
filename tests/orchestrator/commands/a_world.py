"""A machine of its own for a test: a fleet file, a state directory, a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

KILLER = """
import os, signal, sys
from orchestrator.__main__ import main

left = int(sys.argv[1])

def after_write():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

sys.exit(main(sys.argv[2:], after_journal_write=after_write))
"""

FLEET = """
version: 1
name: {name}
defaults: {{probe: {{count: 2, interval: 10ms, timeout: 300ms, ip: "4"}}}}
testers: [{testers}]
servers: [{{name: loop, host: 127.0.0.1}}]
run: {run}
collector: {{port: {port}}}
{more}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass(kw_only=True, slots=True)
class World:
    """A directory with a fleet file, a state directory and a free port: everything real, on loopback."""

    directory: Path
    port: int
    name: str = "mill"
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.directory / "state"

    @property
    def of_fleet(self) -> Path:
        return self.state / self.name

    def write_fleet(
        self,
        *,
        testers: str = "{name: a}, {name: b}",
        run: str = "once",
        more: str = "",
        name: str | None = None,
    ) -> Path:
        path = self.directory / "fleet.yaml"
        path.write_text(
            FLEET.format(name=name or self.name, testers=testers, run=run, port=self.port, more=more)
        )
        return path

    def environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ORCHESTRATE_", "AWS_"))
        }
        # No cloud is asked, and no machine's own service for credentials either.
        alone = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
        alone["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
        return kept | alone | {"ORCHESTRATE_STATE_DIR": str(self.state), "NO_COLOR": "1"} | self.settings

    def begin(self, *arguments: str, kill_after: int | None = None) -> subprocess.Popen[str]:
        before = ["-m", "orchestrator"] if kill_after is None else ["-c", KILLER, str(kill_after)]
        process = subprocess.Popen(
            [sys.executable, *before, *arguments],
            cwd=self.directory,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str, kill_after: int | None = None, stdin: str | None = None) -> Ended:
        if stdin is not None:
            done = subprocess.run(
                [sys.executable, "-m", "orchestrator", *arguments],
                cwd=self.directory,
                env=self.environment(),
                input=stdin,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            return Ended(code=done.returncode, out=done.stdout, err=done.stderr)
        process = self.begin(*arguments, kill_after=kill_after)
        out, err = process.communicate(timeout=60)
        return Ended(code=process.returncode, out=out, err=err)

    def processes(self) -> list[psutil.Process]:
        """Every tester and collector that this world has started."""
        found = []
        for process in psutil.process_iter():
            try:
                line = process.cmdline()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            if "-m" in line and any(str(self.state) in part for part in line):
                found.append(process)
        return found

    def port_is_free(self) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                return False
            return True

    def is_clear(self) -> bool:
        """No process, no port, no lock."""
        return not self.processes() and self.port_is_free() and not (self.of_fleet / "lock").exists()

    def wait_until(self, is_so: Callable[[], bool], *, within_s: float = 20.0) -> None:
        end = time.monotonic() + within_s
        while not is_so():
            assert time.monotonic() < end, "it never came to be"
            time.sleep(0.02)

    def clear(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        for left in self.processes():
            left.send_signal(signal.SIGKILL)
