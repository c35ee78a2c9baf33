"""What somebody runs once in a real account, in the bed."""

import subprocess
import sys
from pathlib import Path

from tests.end_to_end.bed.bed import Bed

REGION = "eu-west-1"
ROOT = Path(__file__).parents[3]


def smoke(bed: Bed, folder: Path, *, says: str) -> "subprocess.CompletedProcess[str]":
    """Run it to its end; somebody types an answer."""
    command = [sys.executable, "-m", "tests.end_to_end.aws_smoke", "--region", REGION]
    return subprocess.run(
        [*bed.prefix, *command, "--server", bed.servers[0], "--base", "base:bookworm"],
        cwd=ROOT,
        env=bed.environment() | {"ORCHESTRATE_ADDRESS": bed.address, "TMPDIR": str(folder)},
        input=says,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_nothing_is_made_without_a_yes(bed: Bed, tmp_path: Path) -> None:
    ended = smoke(bed, tmp_path, says="\n")

    assert ended.returncode == 1, ended.stderr
    assert "at most 0.05 USD. Go on? [y/N]" in ended.stderr
    assert "Nothing was made." in ended.stderr
    assert bed.left() == {}


def test_one_host_is_made_used_and_removed_with_the_proof(bed: Bed, tmp_path: Path) -> None:
    ended = smoke(bed, tmp_path, says="y\n")

    assert ended.returncode == 0, ended.stderr
    assert "1 complete, 0 truncated, 0 abandoned" in ended.stderr
    assert "the cloud has 0 spot requests, 0 instances, 0 key pairs, 0 volumes" in ended.stderr
    assert bed.left() == {}
