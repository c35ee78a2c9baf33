"""A collector that hosts of a bed reach, as somebody runs it for himself."""

import secrets
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.conftest import wait_until

RUNS = """
SELECT testers.name AS tester, runs."index" AS number, runs.state, runs.planned, runs.stored
FROM runs JOIN testers ON testers.id = runs.tester_id ORDER BY 1, 2
"""
RESULTS = """
SELECT testers.name AS tester, ping_results.planned, ping_results.sent, ping_results.answered
FROM ping_results JOIN testers ON testers.id = ping_results.tester_id
"""


@dataclass(kw_only=True, slots=True)
class OwnCollector:
    """`collector serve` on the bed's own address; its database outlives it."""

    bed: Bed
    folder: Path
    port: int
    admin_token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where hosts and orchestrator find it."""
        return f"http://{self.bed.address}:{self.port}"

    def settings(self) -> dict[str, str]:
        """Return what an orchestrator must know of it."""
        return {"ORCHESTRATE_COLLECTOR_URL": self.url, "ORCHESTRATE_ADMIN_TOKEN": self.admin_token}

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "own-collector.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(*self.bed.prefix, sys.executable, "-m", "collector", "serve", "--migrate"),
                    *("--host", self.bed.address, "--port", str(self.port)),
                    *("--database-url", f"sqlite:///{self._database}"),
                ],
                env=self.bed.environment() | {"COLLECTOR_ADMIN_TOKEN": self.admin_token},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers)

    def stop(self) -> None:
        """Kill it; twice is once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=60)
            self._process = None

    def runs(self) -> list[dict[str, Any]]:
        """Return every run that it knows of, whether it lives or not."""
        return self._rows(RUNS)

    def results(self) -> list[dict[str, Any]]:
        """Return what it has for each server of each run."""
        return self._rows(RESULTS)

    @property
    def _database(self) -> Path:
        return self.folder / "own.sqlite3"

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "own-collector.log").read_text()
        asked = self.bed.run(sys.executable, "-c", ASK, f"{self.url}/readyz", timeout_s=20)
        return asked.returncode == 0

    def _rows(self, statement: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(statement)]


ASK = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5).close()"
