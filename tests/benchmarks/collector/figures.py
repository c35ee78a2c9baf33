"""Trials of several contenders in turn, and what each cost."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """One way to do something.

    `ready` prepares a trial, which does not count, and returns what does it and says how many units
    it did; `cpu_s` is what all that takes part has cost so far.
    """

    name: str
    ready: Callable[[], Callable[[], int]]
    cpu_s: Callable[[], float]


def interleaved(contenders: Sequence[Contender], *, rounds: int) -> dict[str, float]:
    """Return the median cost of a unit in microseconds; the first round does not count."""
    found: dict[str, list[float]] = {one.name: [] for one in contenders}
    for number in range(rounds + 1):
        for one in contenders:
            trial = one.ready()
            before = one.cpu_s()
            done = trial()
            cost_us = (one.cpu_s() - before) / done * 1e6
            if number:
                found[one.name].append(cost_us)
    return {name: statistics.median(costs) for name, costs in found.items()}
