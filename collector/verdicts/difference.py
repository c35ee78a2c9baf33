"""What changed from one sweep to another: the fleet, regions, servers and paths (pure)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.history.figures import LOST_NOTE, NO_FIGURE_NOTE, Z_95, Floats, Integers, wilson
from collector.verdicts.groups import Groups, Parted, Shape, part, path_spread
from collector.verdicts.medians import Medians, medians_of
from collector.verdicts.polish import polish
from collector.verdicts.resample import chance_above, discoveries
from collector.verdicts.run_spread import run_spread
from collector.verdicts.sides import Bounded, TwoSides, log_changes, newcombe, newly_lost, us_changes
from collector.verdicts.thresholds import Thresholds
from collector.verdicts.verdict import Scope

WAS_LOST_NOTE = "was_lost"
"""Said of a change where the p50 of the first sweep is lost, and that of the second is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A change with its 95 % interval; None where there is no number, or no bound."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SideFigures:
    """The pooled probes of a sweep; `p50_us` is None where it is lost, or probes are too few."""

    n: int
    answered: int
    p50_us: int | None
    p50_note: str | None
    loss_ratio: float | None
    loss_low: float | None
    loss_high: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """How the fleet, a region, a server or a path changed.

    `ratio` is a share (0.18 is +18 %), `us` in microseconds; each has an analysis of its own. `is_lost`: most
    of its paths lost their p50 beyond doubt. `stands`: it changed, at a false discovery rate among all of
    its scope. `note` says why `ratio` has no number: `lost`, `was_lost` or `n/a`. `by_items`: the interval
    is a bootstrap over servers (or regions), else it comes from the order of the probes of each path.
    `path_count` paths are behind it, `lost_count` of them newly lost.
    """

    scope: Scope
    key: str
    label: str
    ratio: Estimate
    us: Estimate
    loss: Estimate
    before: SideFigures
    after: SideFigures
    is_lost: bool
    stands: bool
    note: str | None
    by_items: bool
    path_count: int
    lost_count: int
    tester: str | None = None
    region: str | None = None
    server: str | None = None
    address: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """All changes, the worst first; `fleet` is what all paths have in common, None without any.

    `is_split` says whether regions and servers could be told apart: without enough regions that see the
    same servers, both show the plain medians of their paths.
    """

    fleet: Change | None
    regions: tuple[Change, ...]
    servers: tuple[Change, ...]
    paths: tuple[Change, ...]
    is_split: bool


def difference(sides: TwoSides, *, thresholds: Thresholds, seed: int) -> Difference:
    """Return what changed. The same sweeps and the same seed give the same figures."""
    if not len(sides.tester):
        return Difference(fleet=None, regions=(), servers=(), paths=(), is_split=False)
    least = thresholds.least_probes
    before, after = (medians_of(side.probes, least=least) for side in (sides.before, sides.after))
    shape = Shape(
        region=sides.region,
        server=sides.server,
        regions=len(sides.regions),
        servers=len(sides.servers),
    )
    log_runs = run_spread(sides.before, sides.after, scale=np.log)
    us_runs = run_spread(sides.before, sides.after, scale=np.positive)
    logs = log_changes(before, after)
    # No path is known better than paths vary, nor than its runs do.
    spread = path_spread(polish(shape.table(logs.change), least_regions=thresholds.polish_regions))
    half = np.fmax(log_runs.of_paths(), spread)
    logs = logs.at_least(half, half)
    with np.errstate(invalid="ignore"):
        below, above = (before.median_us * np.abs(np.expm1(end)) for end in (-half, half))
    times_us = us_changes(before, after).at_least(below, above)
    told = _Told(
        sides=sides,
        lost=newly_lost(before, after),
        had=np.isfinite(before.median_us),
        thresholds=thresholds,
    )
    ratios = part(shape, logs, runs=log_runs, thresholds=thresholds, seed=seed)
    times = part(shape, times_us, runs=us_runs, thresholds=thresholds, seed=seed)
    return _difference(told, shape, ratios, times, paths=(logs, times_us))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Told:
    """What a change is told with: `lost` and `had` (a p50 before) of each path."""

    sides: TwoSides
    lost: NDArray[np.bool_]
    had: NDArray[np.bool_]
    thresholds: Thresholds

    def figures(self, group: Integers, groups: int) -> list[tuple[SideFigures, SideFigures]]:
        """Return the figures of groups of paths, of both sweeps."""
        found = []
        order = np.argsort(group, kind="stable")
        ends = np.searchsorted(group[order], np.arange(groups + 1))
        for side in (self.sides.before, self.sides.after):
            probes = [
                b"".join(side.probes[path] for path in order[ends[number] : ends[number + 1]].tolist())
                for number in range(groups)
            ]
            found.append(_side_figures(medians_of(probes, least=self.thresholds.least_probes)))
        return list(zip(*found, strict=True))


def _difference(
    told: _Told, shape: Shape, ratios: Parted, times: Parted, *, paths: tuple[Bounded, Bounded]
) -> Difference:
    sides, count = told.sides, len(told.sides.tester)
    region = shape.region
    each = np.arange(count)
    single = np.zeros(count, dtype=np.bool_)
    testers, servers = sides.testers, sides.servers

    def changes(
        scope: Scope, group: Integers, names: Sequence[dict[str, str | None]], found: tuple[Groups, Groups]
    ) -> tuple[Change, ...]:
        made = _changes(told, scope=scope, group=group, names=names, found=found)
        return tuple(sorted(made, key=_badness))

    fleet = changes(Scope.FLEET, each * 0, [{"key": "", "label": "all paths"}], (ratios.fleet, times.fleet))
    return Difference(
        fleet=fleet[0],
        regions=changes(
            Scope.REGION,
            region,
            [{"key": name, "label": name, "region": name} for name in sides.regions],
            (ratios.regions, times.regions),
        ),
        servers=changes(
            Scope.SERVER,
            sides.server,
            [
                {"key": one.key, "label": one.label, "server": one.name, "address": one.address}
                for one in servers
            ],
            (ratios.servers, times.servers),
        ),
        paths=changes(
            Scope.PATH,
            each,
            [
                {
                    "key": f"{testers[tester].key} {servers[server].key}",
                    "label": f"{testers[tester].name} → {servers[server].label}",
                    "tester": testers[tester].name,
                    "region": sides.regions[testers[tester].region],
                    "server": servers[server].name,
                    "address": servers[server].address,
                }
                for tester, server in zip(sides.tester.tolist(), sides.server.tolist(), strict=True)
            ],
            (Groups(bounded=paths[0], by_items=single), Groups(bounded=paths[1], by_items=single)),
        ),
        is_split=ratios.polished.is_split,
    )


def _changes(
    told: _Told,
    *,
    scope: Scope,
    group: Integers,
    names: Sequence[dict[str, str | None]],
    found: tuple[Groups, Groups],
) -> list[Change]:
    groups = len(names)
    paths = np.bincount(group, minlength=groups)
    lost = np.bincount(group[told.lost], minlength=groups)
    had = np.bincount(group[told.had], minlength=groups)
    ratios, times = found
    stands = discoveries(_chances(ratios.bounded), ratio=told.thresholds.false_discovery_ratio)
    made = []
    for number, (before, after) in enumerate(told.figures(group, groups)):
        if not paths[number]:
            continue
        is_lost = bool(2 * lost[number] > had[number])
        # Where most of its paths are lost, those that are left do not speak for it.
        ratio = Estimate() if is_lost else _estimate(ratios.bounded, number, math.expm1)
        made.append(
            Change(
                scope=scope,
                ratio=ratio,
                us=Estimate() if is_lost else _estimate(times.bounded, number, lambda us: us),
                loss=_loss(before, after),
                before=before,
                after=after,
                is_lost=is_lost,
                stands=is_lost or bool(stands[number]),
                note=None if ratio.value is not None else _note(before, after, is_lost=is_lost),
                by_items=bool(ratios.by_items[number]) and not is_lost,
                path_count=int(paths[number]),
                lost_count=int(lost[number]),
                **names[number],  # type: ignore[arg-type]  # names of fields, of which key and label are texts
            )
        )
    return made


def _chances(bounded: Bounded) -> Floats:
    """Return the two-sided p-values of "no change", by the normal approximation from the nearer bound."""
    with np.errstate(invalid="ignore"):
        errors = [(bounded.change - bounded.low) / Z_95, (bounded.high - bounded.change) / Z_95]
    grown = chance_above(bounded.change, errors[0], limit=0.0)
    fallen = chance_above(-bounded.change, errors[1], limit=0.0)
    return np.minimum(1.0, 2.0 * np.fmin(grown, fallen))


def _estimate(bounded: Bounded, number: int, scale: Callable[[float], float]) -> Estimate:
    values = (bounded.change[number], bounded.low[number], bounded.high[number])
    told = [float(scale(value)) if math.isfinite(value) else None for value in values]
    return Estimate(value=told[0], low=told[1], high=told[2])


def _note(before: SideFigures, after: SideFigures, *, is_lost: bool) -> str:
    if is_lost or (after.p50_note == LOST_NOTE and before.p50_note != LOST_NOTE):
        return LOST_NOTE
    if before.p50_note == LOST_NOTE and after.p50_note is None:
        return WAS_LOST_NOTE
    return NO_FIGURE_NOTE


def _loss(before: SideFigures, after: SideFigures) -> Estimate:
    shares = []
    for side in (before, after):
        if side.loss_ratio is None or side.loss_low is None or side.loss_high is None:
            return Estimate()
        shares.append((side.loss_ratio, side.loss_low, side.loss_high))
    value, low, high = newcombe(*shares)
    return Estimate(value=value, low=low, high=high)


def _side_figures(medians: Medians) -> list[SideFigures]:
    lost = medians.sent - medians.answered
    low, high = wilson(lost, medians.sent)
    found = []
    for number, sent in enumerate(medians.sent.tolist()):
        p50 = float(medians.median_us[number])
        found.append(
            SideFigures(
                n=sent,
                answered=int(medians.answered[number]),
                p50_us=int(p50) if math.isfinite(p50) else None,
                p50_note=LOST_NOTE if math.isinf(p50) else NO_FIGURE_NOTE if math.isnan(p50) else None,
                loss_ratio=int(lost[number]) / sent if sent else None,
                loss_low=float(low[number]) if sent else None,
                loss_high=float(high[number]) if sent else None,
            )
        )
    return found


def _badness(change: Change) -> tuple[bool, float, float, str]:
    """Return the order: what is lost, then what grew most; what has no number comes last."""
    grown = -math.inf if change.ratio.value is None else change.ratio.value
    return (not change.is_lost, -grown, -(change.loss.value or 0.0), change.key)
