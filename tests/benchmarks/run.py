"""Runs the benchmarks: all parts, or those that are named."""

import argparse
import importlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PARTS = ("cli", "fleet", "tester", "ping", "collector", "pages")


def main(arguments: list[str]) -> int:
    """Run the parts, print a table of each, write artefacts/bench.json; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=f"{', '.join(PARTS)}")
    chosen = parser.parse_args(arguments).parts or list(PARTS)
    answers: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": machine(),
        "parts": {},
    }
    missed = 0
    for part in chosen:
        lines = importlib.import_module(f"tests.benchmarks.bench_{part}").measure()
        answers["parts"][part] = [line.to_dict() for line in lines]
        print(f"\n{part}")  # noqa: T201 - the answer that was asked for
        for line in lines:
            print(f"  {line.text()}")  # noqa: T201 - the same
            missed += line.missed
    artefacts = HERE.parent.parent / "artefacts"
    artefacts.mkdir(exist_ok=True)
    (artefacts / "bench.json").write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")
    return 1 if missed else 0


def machine() -> str:
    """Return what this machine is, in a few words."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "CPU")
    kernel = ".".join(platform.release().split(".")[:2])
    return f"{len(os.sched_getaffinity(0))} cores of {model}, Linux {kernel}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
