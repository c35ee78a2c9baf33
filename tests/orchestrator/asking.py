"""Fixtures: a real collector on SQLite, and a command line that talks to it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.orchestrator.served import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    collector = Served(folder=tmp_path_factory.mktemp("collector"))
    try:
        collector.start()
        yield collector
    finally:
        collector.stop()


Orchestrate = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def orchestrate(served: Served, tmp_path: Path) -> Orchestrate:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "ORCHESTRATE_STATE_DIR": str(tmp_path / "state"),
        "ORCHESTRATE_COLLECTOR_URL": served.url,
        "ORCHESTRATE_ADMIN_TOKEN": served.admin_token,
        "COLUMNS": "100",
    }

    def run(*arguments: str, stdin: str = "", **extra: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "orchestrator", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=environment | extra,
            cwd=tmp_path,
            timeout=120,
            check=False,
        )

    return run
