"""Takes fleets down for `down`."""

from uuid import UUID

from orchestrator.act.cloud_proof import clear_fleet, proof_of_removal
from orchestrator.act.clouds import can_ask
from orchestrator.act.interrupts import Interrupts
from orchestrator.act.opening import opened_for_down
from orchestrator.act.removal import REMOVE_S, close_sweep, remove_hosts
from orchestrator.act.state import FleetState, fleets_with_state
from orchestrator.commands.choose_fleet import Asked, fleet_of_record, fleet_with_state, record_of
from orchestrator.commands.stage import Stage, stage
from orchestrator.commands.stranded import telling_what_stays
from orchestrator.errors import ConfigurationError, LeftBehind
from orchestrator.places.deadline import Deadline
from orchestrator.places.strays import stop_strays
from orchestrator.settings import Edge


def take_down(asked: Asked, *, everything: bool, fleet_id: UUID | None, progress: str, edge: Edge) -> int:
    """Remove one fleet, or every one that has state here, and return the exit code."""
    with stage(edge, command="down", progress=progress) as shown:
        interrupts = Interrupts(farewell="left at once; hosts may be left behind: orchestrate down")
        with interrupts.watching():
            if fleet_id is not None:
                return _by_id(fleet_id, shown=shown, interrupts=interrupts)
            states = (
                fleets_with_state(edge.settings.state_dir)
                if everything
                else [fleet_with_state(asked, edge=edge)]
            )
            lines, code = [], 0
            for state in states:
                line, one = remove_one(state, shown=shown, interrupts=interrupts)
                lines.append(line)
                code = max(code, one)
            return shown.end(code, summary="\n".join(lines) or "0 removed, 0 left.")


def remove_one(state: FleetState, *, shown: Stage, interrupts: Interrupts) -> tuple[str, int]:
    """Remove one fleet, whether its collector answers or not; return what came of it and the exit code."""
    with opened_for_down(state, edge=shown.edge, emit=shown.emit) as opened:
        if opened is None:
            return f"{state.name}: nothing was begun.", 0
        with telling_what_stays(opened.ports.journal, then=f"orchestrate down --fleet {state.name}"):
            removal = remove_hosts(
                ports=opened.ports, interrupts=interrupts, deadline=Deadline.after(REMOVE_S)
            )
            close_sweep(ports=opened.ports, fleet=state.name, reason="the fleet was removed")
        strays = stop_strays(opened.record.fleet_id)
        if opened.embedded is not None:
            # A connection that stands open would hold the collector's end up.
            opened.ports.client.close()
            opened.embedded.down()
        if removal.left or strays.left:
            what = f"{removal.left + strays.left} testers of {state.name} may be left behind"
            raise removal.left_behind(what, next_step=f"orchestrate down --fleet {state.name}")
        proof = proof_of_removal(
            opened.ports.journal,
            fleet_id=opened.record.fleet_id,
            fleet=fleet_of_record(opened.record, edge=shown.edge),
            edge=shown.edge,
            deadline=Deadline.after(REMOVE_S),
        )
        parts = [f"{removal.removed + strays.stopped} removed, 0 left."]
        if removal.undelivered:
            kept = opened.ports.state.undelivered
            parts.append(f"{removal.undelivered} reports not delivered, kept in {kept}.")
        lines = [f"{state.name}: {' '.join(parts)}", *([] if proof is None else [proof])]
        return "\n".join(lines), 3 if removal.undelivered else 0


def _by_id(fleet_id: UUID, *, shown: Stage, interrupts: Interrupts) -> int:
    for state in fleets_with_state(shown.edge.settings.state_dir):
        record = record_of(state, edge=shown.edge)
        if record is not None and record.fleet_id == fleet_id:
            line, code = remove_one(state, shown=shown, interrupts=interrupts)
            return shown.end(code, summary=line)
    strays = stop_strays(fleet_id)
    if strays.left:
        raise LeftBehind(
            f"{strays.left} testers of fleet {fleet_id} may be left behind",
            cause="their processes do not end",
            next_step=f"orchestrate down --fleet-id {fleet_id}",
        )
    local = f"{strays.stopped} removed, 0 left."
    if not can_ask():
        if not strays.stopped:
            raise ConfigurationError(
                f"nothing of fleet {fleet_id} is on this machine",
                cause="no journal here has that UUID, no tester of it runs, and AWS cannot be asked",
                next_step='pip install "orchestrate-latency[aws]"',
            )
        return shown.end(0, summary=local)
    try:
        proof = clear_fleet(
            fleet_id, regions=None, fleet=None, edge=shown.edge, deadline=Deadline.after(REMOVE_S)
        )
    except ConfigurationError as error:
        if not strays.stopped:
            raise ConfigurationError(
                f"nothing of fleet {fleet_id} is on this machine, and AWS cannot be asked",
                cause=f"{error.what}: {error.cause}",
                next_step=error.next_step,
            ) from None
        return shown.end(0, summary=f"{local} AWS was not asked: {error.what}.")
    return shown.end(0, summary=f"{local}\n{proof}")
