"""One run: resolve, announce, probe, report."""

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tester.clock import Clock
from tester.engine.engine import Address, Engine, Probed, listen_on_s
from tester.engine.engines import Engines
from tester.engine.pace import round_s
from tester.health import conclude, cpu_time, examine
from tester.resolve import Resolver, Row, rows_of
from tester.stop import Stop
from wire.announce import Announcement
from wire.job import Job, ProbePlan
from wire.report import NOT_SENT, Report, Results

if TYPE_CHECKING:  # who only looks at the output needs no way out
    from tester.deliver import Delivery
    from tester.live import LiveTable

ANNOUNCE_S, ANNOUNCE_TO_THE_SILENT_S = 5.0, 1.0
HEALTH_S = 5.0
"""Both calibrations and a look around, on a slow machine."""
WORST_TRACES_S, ALL_TRACES_S = 3.0, 12.0
"""How long traceroutes take at most: their rate is bounded, and so is the number of addresses."""
LONGEST_RUN_S = 31_536_000.0
"""No announcement may say more."""
SLOWEST_PROBE_S = 0.0001
"""What one probe costs this program at most on a slow machine, for the time that a run may take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """What a run is made with."""

    engines: Engines
    resolver: Resolver
    clock: Clock
    stop: Stop
    delivery: "Delivery | None"
    live: "LiveTable | None" = None


def measure(job: Job, *, run_id: UUID, index: int, means: Means) -> Report | None:
    """Make a run and return its report; a stop makes it end as truncated.

    None where the stop came before the run began: then nobody was told of it either.
    """

    def stopped() -> bool:
        return means.stop.requested

    # The sockets come first: without them, nothing else matters.
    prober = means.engines.of(job.probe)
    rows = rows_of(job.servers, ip=job.probe.ip, resolver=means.resolver, give_up=stopped)
    if stopped():
        return None
    # The wall clock gives one label; all else is counted from it, so that a jump tears nothing.
    started_at, began = means.clock.now(), means.clock.monotonic()
    expected_s = expected(job.probe, addresses=sum(row.address is not None for row in rows))
    offset_us, offset_error_us = None, None
    if means.delivery is not None:
        announcement = Announcement(
            run_id=run_id,
            tester_id=job.tester_id,
            sweep_id=job.sweep_id,
            index=index,
            of=job.repeat,
            planned=len(rows),
            started_at=started_at,
            expected_s=expected_s,
        )
        wait_s = ANNOUNCE_S if means.delivery.healthy() else ANNOUNCE_TO_THE_SILENT_S
        answer = means.delivery.announce(announcement, wait_s=wait_s, give_up=stopped)
        if answer is not None:
            offset_us, offset_error_us = answer.offset_us, answer.offset_error_us
        means.delivery.quiet(for_s=expected_s)
    pinger = means.engines.pinger()
    try:
        health = examine(pinger, stop=means.stop)
        if job.owns_host:
            health |= _surroundings(pinger, means=means)
        addresses = [row.address for row in rows if row.address is not None]
        before = cpu_time()
        with nullcontext() if means.live is None else means.live.during(prober, rows, job.probe):
            probed = prober.probe(addresses, job.probe, stop=means.stop)
        engine = prober.describe()
        elapsed_s = means.clock.monotonic() - began
        jump_s = (means.clock.now() - started_at).total_seconds() - elapsed_s
        traces = traces_of(probed, addresses, job.probe, means=means)
        health = conclude(health, probed, before=before, engine=pinger, stop=means.stop)
    finally:
        if means.delivery is not None:
            means.delivery.quiet(for_s=0)
    health |= {
        "clock_offset_us": offset_us,
        "clock_offset_error_us": offset_error_us,
        "clock_jump_us": round(jump_s * 1e6),
    }
    return Report(
        run_id=run_id,
        tester_id=job.tester_id,
        sweep_id=job.sweep_id,
        index=index,
        of=job.repeat,
        started_at=started_at,
        finished_at=started_at + timedelta(seconds=elapsed_s),
        end="truncated" if stopped() and _is_cut(probed) else "complete",
        probe=job.probe,
        engine=engine,
        health=health,
        results=results_of(rows, probed, job.probe, traces=traces),
    )


def expected(plan: ProbePlan, *, addresses: int) -> float:
    """Return the seconds that a run should take at most, once its names are resolved."""
    sending_s = plan.count * max(round_s(plan, targets=addresses), addresses * SLOWEST_PROBE_S)
    traces_s = {"off": 0.0, "worst": WORST_TRACES_S, "all": ALL_TRACES_S}[plan.trace]
    listening_s = plan.timeout_s + listen_on_s(plan)
    return min(ANNOUNCE_S + HEALTH_S + sending_s + listening_s + traces_s, LONGEST_RUN_S)


def _surroundings(pinger: Engine | None, *, means: Means) -> dict[str, Any]:
    from tester.surroundings import surroundings_of

    return surroundings_of(pinger, stop=means.stop)


def traces_of(
    probed: Probed, addresses: list[Address], plan: ProbePlan, *, means: Means
) -> dict[int, dict[str, Any]]:
    """Return what traceroute says of some addresses, by their number."""
    if plan.trace == "off":
        return {}
    from tester.trace.after import traces_after

    return traces_after(probed, addresses, plan, engines=means.engines, stop=means.stop)


def results_of(
    rows: list[Row], probed: Probed, plan: ProbePlan, *, traces: dict[int, dict[str, Any]]
) -> Results:
    """Return the report's rows; an address's place among the addresses is its number in `probed`."""
    results = Results()
    seen: set[Address] = set()
    number = 0
    for place, row in enumerate(rows):
        results.server.append(row.server.name)
        results.group.append(row.server.group)
        results.host.append(row.server.host)
        results.probe_type.append(plan.type)
        results.port.append(plan.port)
        details: dict[str, Any] = {}
        if row.address is None:
            results.address.append(None)
            results.family.append(None)
            results.planned.append(0)
            results.warmup.append(False)
            details["error"] = row.error
            counts: list[int | None] = [0, 0, 0]
        else:
            results.address.append(row.address.text)
            results.family.append(row.address.family)
            results.planned.append(plan.count)
            results.warmup.append(row.address not in seen)
            seen.add(row.address)
            start = number * plan.count
            results.rtt_us.extend(probed.positions[start : start + plan.count])
            if number in probed.icmp_errors:
                details["icmp_errors"] = probed.icmp_errors[number]
            if number in probed.errors:
                details["error"] = probed.errors[number]
            if number in probed.late_rtt_us:
                details["late_rtt_us"] = probed.late_rtt_us[number]
            if number in probed.send_offset_us:
                details["send_offset_us"] = probed.send_offset_us[number]
            if number in traces:
                details["trace"] = traces[number]
            if number in probed.kernel_rtt_us:
                details["kernel_rtt_us"] = probed.kernel_rtt_us[number]
            columns = (probed.late, probed.duplicate, probed.reordered)
            counts = [None if column is None else column[number] for column in columns]
            number += 1
        for name, count in zip(("late", "duplicate", "reordered"), counts, strict=True):
            getattr(results, name).append(count)
        if details:
            results.details[str(place)] = details
    return results


def _is_cut(probed: Probed) -> bool:
    """Return whether the stop came before the end: where nothing is missing, nothing was cut."""
    return NOT_SENT in probed.positions
