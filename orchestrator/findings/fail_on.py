"""What `--fail-on` looks for in a ranking (pure)."""

from dataclasses import dataclass
from typing import Any

KINDS = ("slow", "lossy", "structural")
LOSSY_LOW = 0.01
"""The lower bound of a loss's Wilson interval must be above this share."""
LOSSY_SERVERS = 3
"""On as many servers; a region with fewer is judged by its paths."""
STRUCTURAL_RATIO = 3.0
"""The best RTT over the distance floor, above which the route is much longer than the distance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What was found, a sentence each; `missing` says what kept a verdict from being made."""

    found: tuple[str, ...] = ()
    missing: str | None = None


def judged(slow: dict[str, Any], *, kind: str) -> Judgement:
    """Return what `--fail-on kind` finds in what `/slow` answered."""
    if kind == "slow":
        return Judgement(
            missing="no baseline verdict exists yet: the ranking compares no region with its past"
        )
    return _lossy(slow) if kind == "lossy" else _structural(slow)


def _lossy(slow: dict[str, Any]) -> Judgement:
    measured = [path for path in slow["paths"] if path.get("loss_low") is not None]
    if not measured:
        return Judgement(missing="no path has a loss figure")
    found = []
    for region in dict.fromkeys(path["region"] for path in measured):
        paths = [path for path in measured if path["region"] == region]
        bad = [path for path in paths if path["loss_low"] > LOSSY_LOW]
        servers = {path["server"] for path in bad}
        if len({path["server"] for path in paths}) >= LOSSY_SERVERS:
            if len(servers) >= LOSSY_SERVERS:
                found.append(f"region {region} is lossy: more than 1 % lost on {len(servers)} servers")
        else:
            found += [f"path {path['tester']} → {path['server']} is lossy: {_share(path)}" for path in bad]
    return Judgement(found=tuple(found))


def _structural(slow: dict[str, Any]) -> Judgement:
    known = [region for region in slow["regions"] if region.get("floor_ratio") is not None]
    if not known:
        return Judgement(missing="no region and server have locations (lat, lon) to hold the RTT against")
    return Judgement(
        found=tuple(
            f"region {region['region']} is slow by structure: {region['floor_ratio']:.1f} × its floor"
            for region in known
            if region["floor_ratio"] > STRUCTURAL_RATIO
        )
    )


def _share(path: dict[str, Any]) -> str:
    return (
        f"{path['n'] - path['answered']} of {path['n']} probes lost, at least {path['loss_low'] * 100:.1f} %"
    )
