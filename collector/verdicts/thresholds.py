"""What a verdict goes by: every threshold, and the version that is stored with a verdict (pure)."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

PREFIX = "COLLECTOR_VERDICT_"

METHOD = 1
"""Counts changes of the method itself, so that verdicts of two methods are never taken for one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """The thresholds of a collector; ratios are shares (0.1 is 10 %), and "more than" is strict.

    `slow_ratio`, `slow_change_ms`: a slow region has more than this by the lower bound of its interval,
    and changed by more than this. `slow_servers`, `agreeing_ratio`: servers that it needs, and the share
    of them that shows more than `slow_ratio` each. `watch_ratio`: the lower bound above which a region is
    watched. `loss_ratio`, `lossy_servers`: the lower Wilson bound of loss, and on how many servers.
    `rounds`, `rounds_agreeing`: M of N. `least_probes`: of a median. `false_discovery_ratio`: of slow
    regions (Benjamini–Hochberg). `polish_regions`: that must see a server before its effect is told from
    theirs. `baseline_runs` within the same hour of the week over `baseline_days`; else `recent_runs`
    over `recent_days`. `structural_ratio`: best RTT over the distance floor.
    """

    slow_ratio: float = 0.10
    slow_change_ms: float = 5.0
    slow_servers: int = 5
    agreeing_ratio: float = 0.60
    watch_ratio: float = 0.03
    loss_ratio: float = 0.01
    lossy_servers: int = 3
    rounds: int = 3
    rounds_agreeing: int = 2
    least_probes: int = 6
    false_discovery_ratio: float = 0.10
    polish_regions: int = 3
    bootstrap_count: int = 1_000
    baseline_runs: int = 8
    baseline_days: int = 28
    recent_runs: int = 4
    recent_days: int = 7
    structural_ratio: float = 3.0

    @property
    def version(self) -> str:
        """Return what names these thresholds: the method, and a hash of all values."""
        text = ",".join(f"{name}={value!r}" for name, value in sorted(asdict(self).items()))
        return f"{METHOD}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


DEFAULTS = Thresholds()

LEAST = {
    "slow_servers": 2,
    "lossy_servers": 1,
    "rounds": 1,
    "rounds_agreeing": 1,
    "least_probes": 6,
    "polish_regions": 2,
    "bootstrap_count": 100,
    "baseline_runs": 1,
    "baseline_days": 7,
    "recent_runs": 1,
    "recent_days": 1,
}
"""Below these a figure does not exist: a median has no interval with fewer than six probes."""

MOST = {
    "rounds": 20,
    "rounds_agreeing": 20,
    "bootstrap_count": 100_000,
    "baseline_days": 364,
    "recent_days": 364,
}
MOST_OF_OTHERS = 1_000_000
SHARES = ("agreeing_ratio", "loss_ratio", "false_discovery_ratio")


def variable_of(name: str) -> str:
    """Return the environment variable of a threshold."""
    return PREFIX + name.upper()


def read_thresholds(environment: Mapping[str, str]) -> Thresholds:
    """Return the thresholds of an environment; raise `ValueError` with the variable for what is none."""
    given: dict[str, int | float] = {}
    for item in fields(Thresholds):
        text = environment.get(variable_of(item.name), "").strip()
        if text:
            given[item.name] = _number(item.name, text, whole=isinstance(item.default, int))
    found = Thresholds(**given)  # type: ignore[arg-type]  # the fields differ in type
    for smaller, larger in (("rounds_agreeing", "rounds"), ("watch_ratio", "slow_ratio")):
        if getattr(found, smaller) > getattr(found, larger):
            raise ValueError(f"{variable_of(smaller)} is larger than {variable_of(larger)}")
    return found


def _number(name: str, text: str, *, whole: bool) -> int | float:
    least = LEAST.get(name, 0)
    most = 1 if name in SHARES else MOST.get(name, MOST_OF_OTHERS)
    try:
        value = int(text) if whole else float(text)
        if not math.isfinite(value) or not least <= value <= most:
            raise ValueError
    except (ValueError, OverflowError):
        kind = "a whole number" if whole else "a number"
        raise ValueError(
            f"{variable_of(name)} must be {kind} from {least} to {most}, it is {text!r}"
        ) from None
    return value
