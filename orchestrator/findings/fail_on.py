"""What `--fail-on` looks for in a ranking (pure)."""

from dataclasses import dataclass
from typing import Any

KINDS = ("slow", "lossy", "structural")
LOSSY_LOW = 0.01
"""The lower bound of a loss's Wilson interval must be above this share."""
LOSSY_SERVERS = 3
"""On as many servers; a region with fewer is judged by its paths."""
UNDECIDED = (None, "no_baseline", "insufficient", "moved", "untrusted")
"""Words of a verdict that say that nothing could be said."""
MOST_TOLD = 5
STRUCTURAL_RATIO = 3.0
"""The best RTT over the distance floor, above which the route is much longer than the distance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What was found, a sentence each; `missing` says what kept a verdict from being made."""

    found: tuple[str, ...] = ()
    missing: str | None = None


def judged(slow: dict[str, Any], *, kind: str) -> Judgement:
    """Return what `--fail-on kind` finds in what `/slow` answered: by its verdicts, where there are some."""
    if kind == "slow":
        return _slow(slow)
    return _lossy(slow) if kind == "lossy" else _structural(slow)


def _slow(slow: dict[str, Any]) -> Judgement:
    told = slow.get("verdict_round")
    if told is None:
        return Judgement(
            missing="no baseline verdict exists yet: a round is judged when its sweep has ended, by its past"
        )
    items = [told["fleet"], *slow["regions"], *slow["paths"]]
    undecided = []
    for region in slow["regions"]:
        if _is_decided(region):
            continue
        of_region = [path for path in slow["paths"] if path["region"] == region["region"]]
        if not any(_is_decided(path) for path in of_region):
            undecided.append(f"{region['region']} {_why(region)}")
    more = len(undecided) - MOST_TOLD
    if more > 0:
        undecided = [*undecided[:MOST_TOLD], f"and {more} more"]
    return Judgement(
        found=tuple(item["sentence"] for item in items if item.get("slow")),
        missing=", ".join(undecided) or (None if slow["regions"] else "no region has results"),
    )


def _lossy(slow: dict[str, Any]) -> Judgement:
    measured = [path for path in slow["paths"] if path.get("loss_low") is not None]
    if not measured:
        return Judgement(missing="no path has a loss figure")
    of_regions = {region["region"]: region for region in slow["regions"]}
    found = []
    for region in dict.fromkeys(path["region"] for path in measured):
        paths = [path for path in measured if path["region"] == region]
        verdict = of_regions.get(region, {})
        if _is_decided(verdict):
            found += [verdict["sentence"]] if verdict["lossy"] else []
        elif any(_is_decided(path) for path in paths):
            found += [path["sentence"] for path in paths if path.get("lossy")]
        else:
            found += _lossy_by_figures(region, paths)
    return Judgement(found=tuple(found))


def _lossy_by_figures(region: str, paths: list[dict[str, Any]]) -> list[str]:
    """Return what the probes of the window say of a region that has no verdict yet."""
    bad = [path for path in paths if path["loss_low"] > LOSSY_LOW]
    servers = {path["server"] for path in bad}
    if len({path["server"] for path in paths}) >= LOSSY_SERVERS:
        lossy = len(servers) >= LOSSY_SERVERS
        return [f"region {region} is lossy: more than 1 % lost on {len(servers)} servers"] if lossy else []
    return [f"path {path['tester']} → {path['server']} is lossy: {_share(path)}" for path in bad]


def _structural(slow: dict[str, Any]) -> Judgement:
    known = [region for region in slow["regions"] if region.get("floor_ratio") is not None]
    if not known:
        return Judgement(missing="no region and server have locations (lat, lon) to hold the RTT against")
    return Judgement(
        found=tuple(
            f"region {region['region']} is slow by structure: {region['floor_ratio']:.1f} × its floor"
            for region in known
            if _is_structural(region)
        )
    )


def _is_structural(region: dict[str, Any]) -> bool:
    """Return the verdict's word, which knows the collector's setting; else by the usual one."""
    told = region.get("structural")
    return bool(region["floor_ratio"] > STRUCTURAL_RATIO if told is None else told)


def _is_decided(item: dict[str, Any]) -> bool:
    return item.get("verdict") not in UNDECIDED


def _why(region: dict[str, Any]) -> str:
    word = str(region.get("verdict") or "has no verdict").replace("_", " ")
    missing = ", ".join(region.get("missing") or ())
    return f"{word} ({missing})" if missing else word


def _share(path: dict[str, Any]) -> str:
    return (
        f"{path['n'] - path['answered']} of {path['n']} probes lost, at least {path['loss_low'] * 100:.1f} %"
    )
