"""The tester's engine beside fping, ping and icmplib: what a probe costs, and how true its RTT is."""

import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.figures import Line
from tests.benchmarks.ping.contenders import POWERLESS, Contender, fping, icmplib, ping, tester
from tests.benchmarks.ping.hogs import hogs
from tests.benchmarks.ping.trial import Case, Trial, in_rig, on_loopback
from tests.rig.rig import SOURCE, Rig, build, reason_against

USAGE = Path(__file__).parent / "ping" / "usage.c"
ROUNDS = 3
MOST_PROBES = 60_000
"""fping has 65,536 sequence numbers for ten seconds."""

LINUX = tester("tester", engine="linux", sockets="raw", prefix=())
UNPRIVILEGED = tester("tester, unprivileged", engine="linux", sockets="dgram", prefix=POWERLESS)
PORTABLE = tester("tester, --engine icmplib", engine="icmplib", sockets="raw", prefix=())

COST_GOALS = {
    # Targets and rate: the most that CPU may be of fping's, and memory in MB or of fping's.
    (10_000, 0): (1.0, 25.0, None),
    (50_000, 0): (1.0, None, 1.0),
    (10_000, 20_000): (0.5, None, None),
}
BIAS_US, P99_US, P99_RATIO = 3.0, 10.0, 0.3
PACES = {1: 1_000, 100: 5_000, 1_000: 20_000, 10_000: 20_000}
"""Packets a second, by targets, where RTTs are judged."""


def measure() -> list[Line]:
    """Return the figures of each case, with the goals that the design sets."""
    if (reason := reason_against()) is not None:
        raise SystemExit(f"no rig on this machine: {reason}")
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        usage = build(USAGE, into=directory)
        lines = [*_costs(usage, directory), *_losses(usage, directory)]
        with _rig(directory) as rig:
            for targets, rate in PACES.items():
                for count in (0, 2):
                    case = Case(targets=targets, probes=_probes(targets), rate=rate, hogs=count)
                    lines += _accuracy(case, rig=rig, usage=usage, directory=directory)
    return lines


def _probes(targets: int) -> int:
    return {1: 1_000, 100: 5_000, 1_000: 20_000}.get(targets, 40_000)


@contextmanager
def _rig(directory: Path) -> Iterator[Rig]:
    made = Rig(build(SOURCE, into=directory), directory=directory)
    try:
        yield made
    finally:
        made.close()


def _costs(usage: Path, directory: Path) -> Iterator[Line]:
    for targets, rate in ((100, 0), (1_000, 0), (10_000, 0), (50_000, 0), (10_000, 20_000)):
        case = Case(targets=targets, probes=MOST_PROBES, rate=rate)
        peers = [fping()] + ([icmplib()] if targets <= 1_000 and not rate else [])
        yield from _cost(case, peers, usage=usage, directory=directory)


def _cost(case: Case, peers: list[Contender], *, usage: Path, directory: Path) -> Iterator[Line]:
    found = _interleaved(
        [LINUX, *peers], lambda one, _: on_loopback(one, case, usage=usage, directory=directory)
    )
    words = f"{case.targets:,} targets, {f'{case.rate:,}/s' if case.rate else 'full speed'}"
    none = (None, None, None)
    for peer in peers:
        goals = COST_GOALS.get((case.targets, case.rate), none) if peer.name == "fping" else none
        cpu_ratio, memory_mb, memory_ratio = goals
        yield Line(
            name=f"CPU per probe, {words}",
            unit="µs",
            ours=_middle(trial.cpu_us for trial in found[LINUX.name]),
            peer_name=peer.name,
            peer=_middle(trial.cpu_us for trial in found[peer.name]),
            most_ratio=cpu_ratio,
        )
        yield Line(
            name=f"memory, {words}",
            unit="MB",
            ours=_middle(trial.memory_mb for trial in found[LINUX.name]),
            peer_name=peer.name,
            peer=_middle(trial.memory_mb for trial in found[peer.name]),
            limit=memory_mb,
            most_ratio=memory_ratio,
        )


def _losses(usage: Path, directory: Path) -> Iterator[Line]:
    for rate, limit in ((20_000, 0), (60_000, None)):
        case = Case(targets=50_000, probes=500_000, rate=rate)
        trial = on_loopback(LINUX, case, usage=usage, directory=directory)
        yield Line(
            name=f"lost by itself, 50,000 targets × 10, {rate:,}/s",
            unit="probes",
            ours=trial.lost_by_itself,
            peer_name="probes sent",
            peer=trial.probes,
            limit=limit,
        )


def _accuracy(case: Case, *, rig: Rig, usage: Path, directory: Path) -> Iterator[Line]:
    ours = [LINUX, UNPRIVILEGED, *([PORTABLE] if case.targets <= 1_000 else [])]
    peers = [fping()]
    if case.targets == 1:
        peers.append(ping())
    if case.targets == 100:
        # Of a thousand it answers for none in full.
        peers.append(icmplib())
    with hogs(case.hogs):
        found = _interleaved(
            [*ours, *peers],
            lambda one, seed: in_rig(one, case, rig=rig, usage=usage, directory=directory, seed=seed),
        )
    load = f"{case.hogs} CPU hogs" if case.hogs else "idle"
    for one in ours:
        for peer in peers:
            judged = one is not PORTABLE and peer.name == "fping"
            words = f"{case.targets:,} target{'s' if case.targets > 1 else ''}, {load}"
            who = one.name.removeprefix("tester").removeprefix(", ")
            words += f", {who}" if who else ""
            yield Line(
                name=f"bias, {words}",
                unit="µs",
                ours=_error(found[one.name], "bias_us"),
                peer_name=peer.name,
                peer=_error(found[peer.name], "bias_us"),
                limit=BIAS_US if judged else None,
            )
            yield Line(
                name=f"p99 error, {words}",
                unit="µs",
                ours=_error(found[one.name], "p99_error_us"),
                peer_name=peer.name,
                peer=_error(found[peer.name], "p99_error_us"),
                limit=P99_US if judged else None,
                most_ratio=P99_RATIO if judged else None,
            )


def _interleaved(
    contenders: Sequence[Contender], attempt: Callable[[Contender, int], Trial]
) -> dict[str, list[Trial]]:
    """Return the trials of each, made in turn, so that a slow moment strikes all."""
    found: dict[str, list[Trial]] = {one.name: [] for one in contenders}
    for number in range(ROUNDS):
        for one in contenders:
            trial = attempt(one, number)
            if not trial.troubles:
                found[one.name].append(trial)
    return found


def _error(trials: list[Trial], name: str) -> float:
    return _middle(getattr(trial.accuracy, name) for trial in trials if trial.accuracy is not None)


def _middle(values: Iterator[float]) -> float:
    known = list(values)
    return statistics.median(known) if known else float("nan")
