"""What this machine keeps of a host that goes: reports that nobody took, and the end of its log."""

import shutil

from orchestrator.act.ports import Ports
from orchestrator.decide.host import Host
from orchestrator.events import Note
from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.engine import EngineUnreachable
from orchestrator.places.files import write_whole
from orchestrator.places.place import SpoolCount

REPORTS = "*.json.gz"
KEPT_LOG_BYTES = 1_048_576


def keep(host: Host, *, ports: Ports, deadline: Deadline) -> None:
    """Stop a host's tester, and keep what is on it; one that does not answer goes all the same."""
    try:
        # A tester that still writes would put a report behind our back.
        ports.place.stop(host.name, deadline=deadline.sooner(ports.patience.stop_deadline_s))
        _keep_spool(host, ports.place.spool_count(host.name), ports=ports)
        _keep_log(host, ports=ports)
    except EngineUnreachable as error:
        _note(f"{host.tester}: {error.what}; what its spool may still hold goes with it", ports=ports)
        _keep_spool(host, _fetched_before(host, ports=ports), ports=ports)


def _keep_spool(host: Host, count: SpoolCount, *, ports: Ports) -> None:
    if count.waiting + count.rejected == 0:
        return
    kept = ports.state.undelivered / host.name
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copytree(ports.state.testers / host.name / "spool", kept, dirs_exist_ok=True)
    parts = [
        f"{number} report{'' if number == 1 else 's'} {what}"
        for number, what in ((count.waiting, "not delivered"), (count.rejected, "refused by the collector"))
        if number
    ]
    _note(f"{host.tester}: {', '.join(parts)}, kept in {kept}", ports=ports)


def _fetched_before(host: Host, *, ports: Ports) -> SpoolCount:
    """Count what was fetched from a host that does not answer any more, and not delivered."""
    spool = ports.state.testers / host.name / "spool"
    waiting, rejected = (sum(1 for _ in (spool / folder).glob(REPORTS)) for folder in ("reports", "rejected"))
    return SpoolCount(waiting=waiting, rejected=rejected)


def _keep_log(host: Host, *, ports: Ports) -> None:
    """Keep the end of a tester's log: who looks for a failure comes when its host is gone."""
    path = ports.place.log(host.name)
    if path is None:
        return
    ports.state.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - KEPT_LOG_BYTES))
        write_whole(ports.state.logs / f"{host.name}.log", log.read())


def _note(text: str, *, ports: Ports) -> None:
    ports.emit(Note(time=ports.clock(), level="warning", text=text))
