"""A fleet whose hosts are in a bed: everything real but the cloud."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.end_to_end.bed.bed import Bed

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
defaults: {{probe: {{count: {count}, interval: 20ms, timeout: 300ms, ip: "4"}}}}
templates: {{aws: {{driver: amazonec2}}}}
testers:
{testers}
servers: [{{name: near, host: {server}}}]
run: {run}
collector: {{port: {port}}}
image: {{args: {{BASE: "base:bookworm"}}}}
{more}
"""

UP_S = 240.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(kw_only=True, slots=True)
class CloudFleet:
    """A fleet file and a state directory; `orchestrate` runs inside the bed.

    `environment` is added to the bed's own: short deadlines, settings.
    """

    bed: Bed
    folder: Path
    port: int
    name: str = "mill"
    environment: dict[str, str] = field(default_factory=dict)
    started: list["subprocess.Popen[str]"] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def of_fleet(self) -> Path:
        return self.state / self.name

    def write(
        self,
        *regions: str,
        run: str = "{repeat: 2, every: 1s}",
        count: int = 3,
        more: str = "",
        testers: str = "",
    ) -> Path:
        """Write fleet.yaml: an amazonec2 tester for each region, and `testers` as they stand."""
        lines = [
            f"  - {{name: {region}, use: aws, location: {{region: {region}}},"
            f" options: {{amazonec2-region: {region}}}}}"
            for region in regions
        ]
        path = self.folder / "fleet.yaml"
        path.write_text(
            FLEET.format(
                name=self.name,
                count=count,
                testers="\n".join([*lines, testers]),
                server=self.bed.servers[0],
                run=run,
                port=self.port,
                more=more,
            )
        )
        return path

    def begin(self, *arguments: str, kill_after: int | None = None) -> "subprocess.Popen[str]":
        """Start `orchestrate`; with `kill_after` it kills itself after that many journal records."""
        how = ["-m", "orchestrator"] if kill_after is None else ["-c", KILLER, str(kill_after)]
        process = subprocess.Popen(
            [*self.bed.prefix, sys.executable, *how, *arguments],
            cwd=self.folder,
            env=self.bed.environment()
            | {
                "ORCHESTRATE_STATE_DIR": str(self.state),
                "ORCHESTRATE_ADDRESS": self.bed.address,
                "NO_COLOR": "1",
            }
            | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Ctrl-C in a test is for this program alone.
            start_new_session=True,
            # Whoever runs the tests in the background has Ctrl-C ignored; a person has not.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str, kill_after: int | None = None, timeout_s: float = UP_S) -> Ended:
        """Run `orchestrate` to its end."""
        process = self.begin(*arguments, kill_after=kill_after)
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as late:
            process.kill()
            raise AssertionError(f"it did not end in {timeout_s:g} s:\n{process.communicate()[1]}") from late
        return Ended(code=process.returncode, out=out, err=err)

    def interrupt(self, process: "subprocess.Popen[str]", number: signal.Signals = signal.SIGINT) -> None:
        """Send a signal to the orchestrator itself, as Ctrl-C does."""
        process.send_signal(number)

    def hosts(self) -> list[dict[str, Any]]:
        """Return the journal's hosts, gone ones as well."""
        return self._rows(self.of_fleet / "journal.sqlite3", "SELECT * FROM hosts ORDER BY name")

    def runs(self) -> list[dict[str, Any]]:
        """Return the embedded collector's runs, whether it lives or not."""
        database = self.of_fleet / "collector" / "collector.sqlite3"
        return self._rows(database, "SELECT * FROM runs")

    def run_states(self) -> dict[str, list[str]]:
        """Return the states of the collector's runs, by tester."""
        database = self.of_fleet / "collector" / "collector.sqlite3"
        statement = "SELECT name AS tester, state FROM runs JOIN testers ON testers.id = runs.tester_id"
        states: dict[str, list[str]] = {}
        for run in self._rows(database, statement):
            states.setdefault(str(run["tester"]), []).append(str(run["state"]))
        return {tester: sorted(found) for tester, found in states.items()}

    def stored(self) -> list[str]:
        """Return the names of the machines that docker-machine knows of, finished or not."""
        machines = self.of_fleet / "machines" / "machines"
        return sorted(entry.name for entry in machines.iterdir()) if machines.exists() else []

    def instance_of(self, region: str) -> str:
        """Return the id of the one instance of this fleet in a region that docker-machine knows."""
        machines = self.of_fleet / "machines" / "machines"
        drivers = [json.loads(path.read_text())["Driver"] for path in machines.glob("*/config.json")]
        (found,) = (driver["InstanceId"] for driver in drivers if driver["Region"] == region)
        return str(found)

    def status(self) -> dict[str, Any]:
        """Return `orchestrate status --format json`."""
        answer: dict[str, Any] = json.loads(self.run("status", "--format", "json").out)
        return answer

    def wait_until(self, is_so: Callable[[], object], *, within_s: float = 60.0) -> None:
        """Wait for something to come about."""
        end = time.monotonic() + within_s
        while not is_so():
            assert time.monotonic() < end, "it never came to be"
            time.sleep(0.05)

    def clear(self) -> None:
        """Stop whatever this fleet has running here: orchestrators, docker-machine, collector, testers."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
        for found in psutil.process_iter():
            try:
                line = found.cmdline()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            if found.pid != psutil.Process().pid and any(str(self.state) in part for part in line):
                found.kill()

    @staticmethod
    def _rows(path: Path, statement: str) -> list[dict[str, Any]]:
        if not path.exists():
            return []
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            database.row_factory = sqlite3.Row
            rows = [dict(row) for row in database.execute(statement)]
        database.close()
        return rows
