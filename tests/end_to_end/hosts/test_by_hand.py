"""The commands of the original's README, typed by hand, make our tester ping."""

import json
import sys
from pathlib import Path

from tests.end_to_end.bed.bed import Bed

# The engine's builder that needs no plugin finds local images without asking a registry.
FIVE = """\
docker-machine create --driver amazonec2 --amazonec2-region eu-west-1 hand >&2
eval "$(docker-machine env --shell sh hand)"
DOCKER_BUILDKIT=0 docker build --build-arg BASE=base:bookworm -t tester "$1" >&2
docker run --rm --net host tester run --host "$2" --count 3 --interval 20ms --output json
docker-machine rm -y hand >&2
"""


def test_the_five_commands_by_hand_build_run_and_remove(bed: Bed, tmp_path: Path) -> None:
    context = tmp_path / "context"
    written = bed.run(sys.executable, "-m", "orchestrator.places.images.context", str(context))
    assert written.returncode == 0, written.stderr
    assert written.stdout == f"docker build -t tester {context}\n"
    server = bed.servers[0]

    typed = bed.run(
        *("sh", "-e", "-c", FIVE, "sh", str(context), server),
        extra={"MACHINE_STORAGE_PATH": str(tmp_path / "machines"), "HOME": str(tmp_path)},
    )

    assert typed.returncode == 0, typed.stderr
    results = json.loads(typed.stdout)["results"]
    assert results["address"] == [server]
    assert len(results["rtt_us"]) == 3
    assert all(rtt_us > 0 for rtt_us in results["rtt_us"])
    assert bed.left() == {}
