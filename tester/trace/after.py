"""The traceroutes that follow a run."""

from collections.abc import Sequence
from typing import Any

from tester.engine.engine import Address, Interrupt, Probed
from tester.engine.engines import Engines
from tester.errors import NoPermission
from tester.trace.worst import rows_to_trace
from wire.job import ProbePlan


def traces_after(
    probed: Probed, addresses: Sequence[Address], plan: ProbePlan, *, engines: Engines, stop: Interrupt
) -> dict[int, dict[str, Any]]:
    """Return traces by the address's number, as reports have them; a run goes without where nobody may."""
    count = plan.count
    series = [probed.positions[number * count : (number + 1) * count] for number in range(len(addresses))]
    chosen = rows_to_trace(series, which=plan.trace)
    if not chosen or stop.requested:
        return {}
    try:
        tracer = engines.tracer()
    except NoPermission as error:
        reason = str(error).partition("\n")[0]
        return {number: {"reached": False, "hops": [], "error": reason} for number in chosen}
    found = tracer.trace([addresses[number] for number in chosen], stop=stop)
    return {number: trace.to_dict() for number, trace in zip(chosen, found, strict=True)}
