"""Probes with an engine of the tester, as a process of its own; no more is loaded than that takes."""

import json
import resource
import sys
from pathlib import Path

from tester.engine.choose import open_engine
from tester.engine.engine import Address
from tester.stop import Stop
from wire.job import ProbePlan


def main(words: list[str]) -> None:
    """Probe the addresses in a file; write the positions to one file and the engine's words to another."""
    engine_name, sockets, addresses_path, count, interval_s, timeout_s, positions_path, words_path = words
    with Path(addresses_path).open(encoding="ascii") as lines:
        addresses = [Address(text=line.rstrip(), family=6 if ":" in line else 4) for line in lines]
    plan = ProbePlan(count=int(count), interval_s=float(interval_s), timeout_s=float(timeout_s))
    engine = open_engine(engine=engine_name, sockets=sockets)
    before = resource.getrusage(resource.RUSAGE_SELF)
    probed = engine.probe(addresses, plan, stop=Stop())
    after = resource.getrusage(resource.RUSAGE_SELF)
    said = {
        "engine": engine.describe(),
        "behind_us": probed.behind_us,
        "cpu_us": round((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e6),
        "errors": len(probed.errors),
    }
    with Path(positions_path).open("wb") as file:
        probed.positions.tofile(file)
    Path(words_path).write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
