"""Brings a fleet up for `up` and `sweep`: check, make, measure, remove if asked, report."""

import signal
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from orchestrator.act.cloud_proof import proof_of_removal
from orchestrator.act.cost import cost_of_sweep
from orchestrator.act.interrupts import Interrupts
from orchestrator.act.journal import Journal
from orchestrator.act.opening import Opened, opened_for_up
from orchestrator.act.removal import REMOVE_S, Removal, close_sweep, remove_hosts
from orchestrator.act.state import state_of
from orchestrator.act.sweep import Job
from orchestrator.act.tending import tending
from orchestrator.collector_client import CollectorError
from orchestrator.commands.choose_fleet import (
    TESTERS,
    Asked,
    at_its_collector,
    expanded,
    fleet_of_record,
    fleet_with_state,
    record_of,
    wanted_fleet,
)
from orchestrator.commands.measuring import Measured, measure, read_and_check
from orchestrator.commands.planning import prices_of
from orchestrator.commands.stage import Stage, stage
from orchestrator.commands.stranded import telling_what_stays
from orchestrator.decide.facts import Tick
from orchestrator.decide.host import HostState
from orchestrator.decide.told import digests_of_jobs, is_told
from orchestrator.errors import ConfigurationError, Interrupted, LeftBehind, OrchestratorError
from orchestrator.events import printable
from orchestrator.fleet.model import Fleet
from orchestrator.places.deadline import Deadline
from orchestrator.settings import Edge
from orchestrator.show.answers import matrix_text, slow_text

MADE = frozenset(HostState) - {HostState.PLANNED, HostState.REMOVED}
"""States of hosts that may be there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What the command line asks for; `is_sweep` removes on Ctrl-C as well.

    `tick` is what a sweep is due by, of the `schedule` of that name. Such a one is left to whoever goes
    on with it when SIGTERM comes: a service that is started anew does.
    """

    asked: Asked
    only: Collection[str] | None = None
    replace: Collection[str] = ()
    again: bool = False
    detach: bool = False
    remove: bool = False
    join: bool = False
    verified: bool = True
    is_sweep: bool = False
    window: int | None = None
    tick: Tick | None = None
    schedule: str = ""


def bring_up(
    wish: Wish,
    *,
    command: str,
    progress: str,
    edge: Edge,
    known: Fleet | None = None,
    interrupts: Interrupts | None = None,
) -> int:
    """Carry out a wish and return the exit code.

    `known` is the fleet where it was read already; `interrupts` tells its giver of a signal.
    """
    with stage(edge, command=command, progress=progress) as shown:
        fleet = wanted_fleet(wish.asked, edge=edge) if known is None else expanded(known, edge=edge)
        state = state_of(fleet.name, state_dir=edge.settings.state_dir)
        interrupts = interrupts or Interrupts(farewell="")
        interrupts.farewell = (
            f"left at once; hosts of {fleet.name} may be left behind: {_command('down', wish)}"
        )
        from_table = wish.asked.source == TESTERS or fleet.source.startswith("testers table")
        code: int | None = None
        with interrupts.watching():
            try:
                read_and_check(
                    fleet,
                    state=state,
                    stage=shown,
                    only=wish.only,
                    replace=wish.replace,
                    verified=wish.verified,
                    window=wish.window,
                )
                with opened_for_up(
                    fleet, state=state, edge=edge, emit=shown.emit, from_table=from_table, join=wish.join
                ) as opened:
                    with telling_what_stays(opened.ports.journal, then=_command("down", wish)):
                        code = _work(wish, fleet, opened=opened, shown=shown, interrupts=interrupts)
                    interrupts.on_the_way_out()
            except KeyboardInterrupt:
                if code is None:
                    raise Interrupted(
                        "interrupted before anything was measured",
                        cause="what was begun is in the journal",
                        next_step=f"go on: {_command('up', wish)}\nremove: {_command('down', wish)}",
                    ) from None
        assert code is not None
        return code


def watch_on(asked: Asked, *, progress: str, edge: Edge) -> int:
    """Go on with the open sweep of a fleet as it was last asked for; return the exit code."""
    with stage(edge, command="watch", progress=progress) as shown:
        state = fleet_with_state(asked, edge=edge)
        record = record_of(state, edge=edge)
        with Journal(state.journal, clock=edge.clock) as journal:
            sweep = journal.newest_sweep()
        if record is None or sweep is None:
            raise ConfigurationError(f"fleet {state.name!r} has no sweep", next_step="orchestrate up")
        wish = Wish(asked=Asked(name=state.name))
        fleet = fleet_of_record(record, edge=edge)
        interrupts = Interrupts(farewell=f"left at once; testers go on: {_command('down', wish)}")
        with (
            interrupts.watching(),
            opened_for_up(fleet, state=state, edge=edge, emit=shown.emit, join=record.joined) as opened,
        ):
            return _work(wish, fleet, opened=opened, shown=shown, interrupts=interrupts)


def _work(wish: Wish, fleet: Fleet, *, opened: Opened, shown: Stage, interrupts: Interrupts) -> int:
    measured: Measured | None = None
    _leave_others(wish, fleet, opened=opened)
    try:
        with tending(opened.ports) as tended:
            measured = measure(
                at_its_collector(fleet, edge=shown.edge),
                opened=opened,
                stage=shown,
                interrupts=interrupts,
                only=wish.only,
                replace=wish.replace,
                tending=tended,
                again=wish.again,
                detach=wish.detach,
                job=_job(wish),
                window=wish.window,
            )
    except KeyboardInterrupt:
        hands_over = wish.tick is not None and interrupts.first == signal.SIGTERM
        if not wish.is_sweep or hands_over:
            raise _goes_on(wish, opened=opened) from None
        shown.tell("interrupted: what was measured is saved, then everything is removed")
    removal: Removal | None = None
    cost_usd: float | None = None
    if wish.remove:
        removal = _remove(fleet, opened=opened, interrupts=interrupts)
        cost_usd = _tell_cost(fleet, opened=opened, shown=shown)
    data = {} if wish.detach else _report(opened, fleet=fleet, shown=shown)
    if removal is not None and not removal.left:
        proof = proof_of_removal(
            opened.ports.journal,
            fleet_id=opened.record.fleet_id,
            fleet=fleet,
            edge=shown.edge,
            deadline=Deadline.after(REMOVE_S),
        )
        if proof is not None:
            shown.tell(proof)
    if wish.remove and opened.embedded is not None:
        # A connection that stands open would hold the collector's end up.
        opened.ports.client.close()
        opened.embedded.down()
    if cost_usd is not None:
        data = data | {"cost_usd": cost_usd}
    # All is done but for saying so.
    interrupts.on_the_way_out()
    return _end(wish, measured, removal, fleet=fleet, data=data, opened=opened, shown=shown)


def _job(wish: Wish) -> Job | None:
    if not wish.is_sweep:
        return None
    return Job(
        testers=None if wish.only is None else tuple(wish.only), tick=wish.tick, schedule=wish.schedule
    )


def _leave_others(wish: Wish, fleet: Fleet, *, opened: Opened) -> None:
    """Close an open sweep that is not the one that is due: nobody goes on with it."""
    newest = opened.ports.journal.newest_sweep()
    if wish.tick is not None and newest is not None and newest.tick != wish.tick:
        close_sweep(ports=opened.ports, fleet=fleet.name, reason="a scheduled sweep took its place")


def _tell_cost(fleet: Fleet, *, opened: Opened, shown: Stage) -> float | None:
    """Tell the collector what the hosts of the newest sweep have cost; return it, None where nobody knows."""
    sweep = opened.ports.journal.newest_sweep()
    outcome = None if sweep is None else opened.ports.journal.outcome(sweep.sweep_id)
    if sweep is None or outcome is None:
        return None
    try:
        cost_usd = cost_of_sweep(
            sweep,
            journal=opened.ports.journal,
            prices=prices_of(fleet, edge=shown.edge, offline=False),
            now=shown.edge.clock(),
        )
        if cost_usd is not None:
            opened.ports.client.finish_sweep(sweep.sweep_id, outcome=outcome, cost_usd=cost_usd)
    except OrchestratorError as error:
        shown.tell(printable(f"what it has cost is not known: {error.what}"))
        return None
    return cost_usd


def _remove(fleet: Fleet, *, opened: Opened, interrupts: Interrupts) -> Removal:
    removal = remove_hosts(ports=opened.ports, interrupts=interrupts, deadline=Deadline.after(REMOVE_S))
    close_sweep(ports=opened.ports, fleet=fleet.name, reason="the fleet was removed")
    return removal


def _report(opened: Opened, *, fleet: Fleet, shown: Stage) -> dict[str, Any]:
    """Print the matrix and the slow regions of the newest sweep; return both as data."""
    sweep = opened.ports.journal.newest_sweep()
    if sweep is None:
        return {}
    try:
        matrix = opened.ports.client.matrix(fleet=opened.ports.fleet_id, sweep_id=sweep.sweep_id)
        slow = opened.ports.client.slow(fleet=opened.ports.fleet_id, sweep_id=sweep.sweep_id)
    except CollectorError as error:
        shown.tell(printable(f"no report for {fleet.name}: {error.what}"))
        return {}
    shown.answer(matrix_text(matrix, width=shown.width, color=shown.color))
    shown.answer("\n" + slow_text(slow, width=shown.width, color=shown.color))
    return {"matrix": matrix, "slow": slow}


def _end(
    wish: Wish,
    measured: Measured | None,
    removal: Removal | None,
    *,
    fleet: Fleet,
    data: dict[str, Any],
    opened: Opened,
    shown: Stage,
) -> int:
    code = 130 if measured is None else measured.exit_code
    if code == 0 and fleet.left_out:
        code = 3
    lines: list[str] = []
    if measured is not None:
        differs = _differs(fleet, measured, opened=opened)
        lines.append(_what_came(wish, measured, differs=differs))
        data = data | {
            "sweep_id": str(measured.sweep.sweep_id),
            "outcome": measured.outcome,
            "missing": [asdict(each) for each in measured.missing],
        }
    if removal is not None:
        lines.append(f"{removal.removed} removed, {removal.left} left.")
        if removal.undelivered:
            lines.append(
                f"{removal.undelivered} reports not delivered, kept in {opened.ports.state.undelivered}"
            )
            code = max(code, 3)
    if wish.remove and opened.embedded is not None:
        lines.append(f"The results stay: {_command('report matrix', wish)}")
    else:
        lines.append(f"The API is at {opened.ports.access.url}/api/v1")
        data = data | {"api": f"{opened.ports.access.url}/api/v1"}
        if opened.embedded is not None:
            lines.append(f"Testers and collector stay until: {_command('down', wish)}")
    if removal is not None and removal.left:
        shown.end(LeftBehind.exit_code, summary="\n".join(lines), data=data)
        what = f"{removal.left} hosts may be left behind"
        raise removal.left_behind(what, next_step=_command("down", wish))
    return shown.end(code, summary="\n".join(line for line in lines if line), data=data)


def _differs(fleet: Fleet, measured: Measured, *, opened: Opened) -> bool:
    """Return whether the fleet is another than the one that the sweep measured."""
    told = {
        host.tester: host.job_digest or ""
        for host in opened.ports.journal.hosts(include_removed=True)
        if host.sweep_id == measured.sweep.sweep_id
    }
    digests = digests_of_jobs(fleet)
    return told.keys() != digests.keys() or any(not is_told(told[name], digests[name]) for name in digests)


def _what_came(wish: Wish, measured: Measured, *, differs: bool) -> str:
    if wish.detach and measured.outcome is None:
        return f"Sweep {measured.sweep.sweep_id} runs; watch it: {_command('watch', wish)}"
    if measured.outcome is None:
        return f"Sweep {measured.sweep.sweep_id} is open still; go on: {_command('up', wish)}"
    if measured.missing:
        lines = "".join(f"\n  {each}" for each in measured.missing)
        label = "Partial" if measured.outcome == "partial" else str(measured.outcome).capitalize()
        return f"{label}: sweep {measured.sweep.sweep_id} lacks{lines}"
    if not measured.watched and wish.is_sweep:
        return f"Sweep {measured.sweep.sweep_id} was finished before ({measured.outcome}); it was cleared up"
    if not measured.watched:
        again = f"; measure again: {_command('up', wish)} --again"
        stale = ", and the fleet has changed since" if differs else ""
        idle = ", and --replace replaced nothing" if wish.replace else ""
        return f"Sweep {measured.sweep.sweep_id} is finished ({measured.outcome}){stale}{idle}{again}"
    return ""


def _goes_on(wish: Wish, *, opened: Opened) -> Interrupted:
    hosts = opened.ports.journal.hosts()
    running = [host.tester for host in hosts if host.state in (HostState.RUNNING, HostState.STARTING)]
    # A host that is made costs money, whether anybody measures from it or not.
    staying = [host.tester for host in hosts if host.tester not in running and host.state in MADE]
    what = "stopped; no tester runs"
    if running:
        verb = "tester goes" if len(running) == 1 else "testers go"
        what = f"stopped watching; {len(running)} {verb} on running: {_some(running)}"
    if staying:
        noun = "host stays" if len(staying) == 1 else "hosts stay"
        what += f"; {len(staying)} {noun}: {_some(staying)}"
    return Interrupted(
        what,
        cause="Ctrl-C stops the watching, not the hosts",
        next_step=f"go on: {_command('up', wish)}\nremove: {_command('down', wish)}",
    )


def _some(testers: list[str]) -> str:
    return ", ".join(testers[:10]) + (f" and {len(testers) - 10} more" if len(testers) > 10 else "")


def _command(command: str, wish: Wish) -> str:
    asked = wish.asked
    parts = ["orchestrate", command]
    if asked.source is not None and command == "up":
        parts += ["--from", asked.source]
    if asked.name is not None:
        parts += ["--fleet", asked.name]
    if asked.fleet is not None and (asked.fleet != "-" or command == "up"):
        parts.append(asked.fleet)
    return " ".join(parts)
