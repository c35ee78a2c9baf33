"""A place of its own for each test: a state directory, a fleet file, a port."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.end_to_end.bed.fixtures import bed, one_bed

__all__ = ["bed", "one_bed"]

ORCHESTRATE = (sys.executable, "-m", "orchestrator")
PATIENCE_S = 90.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """Runs `orchestrate` in a directory of its own; everything that it leaves is below `folder`."""

    folder: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    begun: list["subprocess.Popen[str]"] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the embedded collector answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.folder / "state"

    def fleet(self, text: str, *, name: str = "fleet.yaml") -> Path:
        """Write a fleet file; PORT in its text becomes this place's port."""
        path = self.folder / name
        path.write_text(text.replace("PORT", str(self.port)), encoding="utf-8")
        return path

    def run(
        self,
        *arguments: str,
        stdin: str = "",
        prefix: Sequence[str] = (),
        timeout_s: float = PATIENCE_S,
        extra: Mapping[str, str] | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        return subprocess.run(
            [*prefix, *ORCHESTRATE, *arguments],
            cwd=self.folder,
            env=self.environment | dict(extra or {}),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command and return at once."""
        process = subprocess.Popen(
            [*ORCHESTRATE, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.begun.append(process)
        return process

    def get(self, path: str) -> Any:
        """Return what the embedded collector answers."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=20) as answer:
            return json.load(answer)

    def all_of(self, path: str, noun: str) -> list[dict[str, Any]]:
        """Return the items of every page of an answer."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(f"{path}{'&' if '?' in path else '?'}limit=1000{cursor}")
            items += page[noun]
            if not page["next"]:
                return items
            cursor = f"&cursor={page['next']}"

    def processes(self, *words: str) -> list[psutil.Process]:
        """Return the processes whose command line has this place's folder and all `words` in it."""
        found = []
        for process in psutil.process_iter():
            try:
                line = " ".join(process.cmdline())
            except psutil.Error:
                continue
            if str(self.folder) in line and all(word in line for word in words):
                found.append(process)
        return found

    def kill_collector(self) -> bool:
        """Kill the embedded collector by SIGKILL; return whether there was one."""
        processes = self.processes("collector", "serve")
        for process in processes:
            process.kill()
        return bool(processes)


def wait_until(condition: Callable[[], bool], *, within_s: float = 30.0) -> None:
    """Return when the condition holds; fail when it does not in time."""
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def place(tmp_path: Path, may_ping: None) -> Iterator[Place]:
    """A place of its own; whatever still runs there after the test is killed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "ORCHESTRATE_STATE_DIR": str(tmp_path / "state"),
        "COLUMNS": "120",
        "PYTHONWARNINGS": "error",
    }
    place = Place(folder=tmp_path, port=port, environment=environment)
    yield place
    for command in place.begun:
        command.kill()
        command.communicate()
    for process in place.processes():
        process.send_signal(signal.SIGKILL)
