"""What a tester costs before its first probe."""

import sys
from pathlib import Path

from tests.benchmarks.figures import Line, paired_cpu_ms

ROOT = Path(__file__).resolve().parents[2]
PEER = "import argparse, dataclasses, json, socket"


def measure() -> list[Line]:
    """Return CPU of `tester check`, and of a run of one probe with its calibrations."""
    tester = [sys.executable, "-m", "tester"]
    peer = [sys.executable, "-c", PEER]
    start_ms, bare_ms = paired_cpu_ms([*tester, "check"], peer, directory=ROOT)
    one = [*tester, "run", "--host", "127.0.0.1", "--count", "1"]
    run_ms, fping_ms = paired_cpu_ms(one, ["fping", "-q", "-C", "1", "127.0.0.1"], directory=ROOT)
    return [
        Line(
            name="tester check, CPU",
            unit="ms",
            ours=start_ms,
            peer_name="python that imports argparse, json, socket",
            peer=bare_ms,
            limit=80,
        ),
        Line(
            name="tester run, one probe and both calibrations, CPU",
            unit="ms",
            ours=run_ms,
            peer_name="fping -C 1",
            peer=fping_ms,
        ),
    ]
