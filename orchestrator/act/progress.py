"""How far a sweep is, for those who watch it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from orchestrator.decide.host import Host
from orchestrator.decide.pulse import WELL, Finding, Pulse
from orchestrator.events import Progress, TesterProgress
from orchestrator.fleet.model import Fleet


def progress_of(
    fleet: Fleet,
    *,
    only: Collection[str] | None,
    rows: Iterable[dict[str, Any]],
    hosts: Iterable[Host],
    findings: Mapping[str, Finding],
    now: datetime,
    deadline_s: float,
) -> Progress:
    """Return how far the testers concerned are; `rows` are the collector's runs of the sweep.

    `findings` say which testers are late or dead, by name.
    `deadline_s` seconds are left for all of it.
    """
    repeat = fleet.run.repeat
    host_of = {host.tester: host for host in hosts}
    ended: Counter[str] = Counter()
    abandoned: Counter[str] = Counter()
    begun: dict[str, datetime] = {}
    pinging: set[str] = set()
    for row in rows:
        if row.get("announced_at"):
            at = datetime.fromisoformat(row["announced_at"])
            begun[row["tester"]] = min(at, begun.get(row["tester"], at))
        if row["state"] == "announced":
            pinging.add(row["tester"])
        else:
            (abandoned if row["state"] == "abandoned" else ended)[row["tester"]] += 1
    testers = []
    for tester in fleet.testers:
        if only is not None and tester.name not in only:
            continue
        host = host_of.get(tester.name)
        state = "no host" if host is None else host.state.value
        finding = findings.get(tester.name, WELL)
        if state == "running":
            state = "pinging" if tester.name in pinging else "waiting"
            if finding.pulse is not Pulse.WELL:
                state = finding.pulse.value
        if repeat is not None and ended[tester.name] >= repeat:
            state = "done"
        lost = abandoned[tester.name]
        testers.append(
            TesterProgress(
                tester=tester.name,
                state="failed" if lost else state,
                done=ended[tester.name],
                of=repeat,
                note=f"{lost} abandoned" if lost else finding.cause,
            )
        )
    return Progress(
        time=now,
        done=sum(tester.done for tester in testers),
        of=None if repeat is None else repeat * len(testers),
        failed=sum(1 for tester in testers if tester.state == "failed"),
        left_s=_left_s(fleet, testers, begun=begun, now=now, deadline_s=deadline_s),
        testers=tuple(testers),
    )


def _left_s(
    fleet: Fleet,
    testers: Iterable[TesterProgress],
    *,
    begun: Mapping[str, datetime],
    now: datetime,
    deadline_s: float,
) -> float | None:
    """Return how long the last tester needs at least; one that has begun nothing has all before it."""
    run = fleet.run
    if run.repeat is None:
        return None
    whole_s = run.every_s * (run.repeat - 1) + _run_s(fleet)
    left = [
        whole_s - (now - begun.get(tester.tester, now)).total_seconds()
        for tester in testers
        if tester.state not in ("done", "failed")
    ]
    return min(max([0.0, *left]), deadline_s)


def _run_s(fleet: Fleet) -> float:
    """Return how long the longest run should take; names may have more addresses than one."""
    return max(
        (tester.probe.count * tester.probe.interval_s + tester.probe.timeout_s for tester in fleet.testers),
        default=0.0,
    )
