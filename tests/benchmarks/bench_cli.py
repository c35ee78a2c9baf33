"""Start-up of the command line, and planning a large fleet."""

import sys
import tempfile
from pathlib import Path

from tests.benchmarks.figures import Line, paired_cpu_ms

BIN = Path(sys.executable).parent
TESTER_COUNT = 1_000
PEER_HELP = "import click; click.Group('peer').main(['--help'], standalone_mode=False)"
PEER_PLAN = "import sys, yaml; yaml.load(open(sys.argv[1]), Loader=yaml.CSafeLoader)"


def measure() -> list[Line]:
    """Return CPU of `orchestrate --help` and of `orchestrate plan` with 1,000 testers."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        (directory / "fleet.yaml").write_text(large_fleet(), encoding="utf-8")
        environment = {"ORCHESTRATE_STATE_DIR": str(directory / "state")}
        help_ms, click_ms = paired_cpu_ms(
            [str(BIN / "orchestrate"), "--help"],
            [sys.executable, "-c", PEER_HELP],
            directory=directory,
            environment=environment,
        )
        plan_ms, yaml_ms = paired_cpu_ms(
            [str(BIN / "orchestrate"), "plan", "fleet.yaml"],
            [sys.executable, "-c", PEER_PLAN, "fleet.yaml"],
            directory=directory,
            environment=environment,
        )
    return [
        Line(
            name="orchestrate --help, CPU",
            unit="ms",
            ours=help_ms,
            peer_name="bare click --help",
            peer=click_ms,
            limit=150,
        ),
        Line(
            name=f"orchestrate plan, {TESTER_COUNT:,} testers, CPU",
            unit="ms",
            ours=plan_ms,
            peer_name="libyaml reading the file",
            peer=yaml_ms,
            limit=1_000,
        ),
    ]


def large_fleet() -> str:
    """Return a fleet.yaml of 1,000 testers, each written out."""
    testers = "\n".join(
        f"  - name: tester-{number}\n"
        f"    driver: local\n"
        f"    location: {{region: region-{number % 30}, lat: {number % 90}.5, lon: {number % 180}.25}}\n"
        f"    probe: {{count: 10, interval: 0.2s}}"
        for number in range(TESTER_COUNT)
    )
    servers = "\n".join(f"  - {{name: server-{n}, group: g, host: 127.0.1.{n}}}" for n in range(1, 101))
    return f"version: 1\nname: large\ntesters:\n{testers}\nservers:\n{servers}\nrun: once\n"
