"""Probes with an engine of the tester, as a process of its own; no more is loaded than that takes."""

import sys
from pathlib import Path

from tester.engine.choose import open_engine
from tester.engine.engine import Address
from tester.stop import Stop
from wire.job import ProbePlan


def main(words: list[str]) -> None:
    """Probe the addresses in a file, and write the positions to another."""
    engine_name, sockets, addresses_path, count, interval_s, timeout_s, positions_path = words
    with Path(addresses_path).open(encoding="ascii") as lines:
        addresses = [Address(text=line.rstrip(), family=6 if ":" in line else 4) for line in lines]
    plan = ProbePlan(count=int(count), interval_s=float(interval_s), timeout_s=float(timeout_s))
    probed = open_engine(engine=engine_name, sockets=sockets).probe(addresses, plan, stop=Stop())
    with Path(positions_path).open("wb") as file:
        probed.positions.tofile(file)


if __name__ == "__main__":
    main(sys.argv[1:])
