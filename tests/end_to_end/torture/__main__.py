"""`make torture N=200`: kill until enough was killed, and say what was left."""

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.torture.run import one_round, torture


def main() -> int:
    """Run the command line; exit code 1 when a round went wrong."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many processes are killed")
    parser.add_argument("--seed", default="", help="what chance begins with; another one each time")
    parser.add_argument("--round", default="", help="play this one round again, by its seed")
    words = parser.parse_args()
    seed = words.seed or f"{datetime.now(UTC):%Y%m%d%H%M%S}"

    def tell(text: str) -> None:
        print(text, flush=True)  # noqa: T201 - a command

    bed = Bed.up()
    try:
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            if words.round:
                result = one_round(words.round, bed=bed, folder=Path(folder))
                tell(str(result))
                return int(bool(result.wrong))
            tell(f"seed {seed}")
            tally = torture(bed, kills=words.kills, seed=seed, folder=Path(folder), tell=tell)
    finally:
        bed.down()
    tell(str(tally))
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
