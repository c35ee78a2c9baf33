"""What a verdict goes by: every threshold, and the version that is stored with a verdict (pure)."""

import hashlib
from dataclasses import asdict, dataclass

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
