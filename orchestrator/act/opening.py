"""Opens a fleet for work: its lock, its journal, its collector, and who everybody is."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from orchestrator.act.access import Access, embedded_access, remote_access
from orchestrator.act.embedded import EmbeddedCollector, url_of
from orchestrator.act.journal import FleetRecord, Journal
from orchestrator.act.lock import fleet_lock
from orchestrator.act.placing import drivers_of, image_tag, places_of
from orchestrator.act.ports import Ports
from orchestrator.act.register import identify, register
from orchestrator.act.state import FleetState
from orchestrator.errors import ConfigurationError, OrchestratorError
from orchestrator.events import CollectorReady, Event, Note
from orchestrator.fleet.model import Fleet
from orchestrator.places.deadline import Deadline
from orchestrator.places.place import Place
from orchestrator.settings import Edge

PREPARE_WAIT_S = 60.0
"""How long a command that ends waits for what it began for hosts that it has not made."""

NOBODY_PORT = 1
"""A port of the loopback where nobody answers: for an embedded collector that cannot be started."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A fleet that is open for work; `embedded` None where the collector is somebody else's."""

    ports: Ports
    record: FleetRecord
    embedded: EmbeddedCollector | None


@contextmanager
def opened_for_up(
    fleet: Fleet,
    *,
    state: FleetState,
    edge: Edge,
    emit: Callable[[Event], None],
    from_table: bool = False,
    join: bool = False,
) -> Iterator[Opened]:
    """Open a fleet so that hosts can be made: everything is registered, the collector answers."""
    with ExitStack() as stack:
        state.prepare()
        journal = _locked_journal(stack, state=state, edge=edge)
        remote = remote_access(fleet, settings=edge.settings, environment=edge.environment)
        place = places_of(state, fleet=fleet, driver_of=drivers_of(journal), edge=edge)
        if remote is None:
            # The record comes first: whoever finds the collector's process finds whose it is.
            record = identify(
                fleet, journal=journal, client=None, from_table=from_table, join=join, clock=edge.clock
            )
            embedded = EmbeddedCollector(state.collector)
            stack.enter_context(_prepared(place, fleet, edge=edge))
            url, started = embedded.up(port=fleet.collector.port)
            access = embedded_access(embedded, url=url)
            client = stack.enter_context(access.client())
            client.check_version()
        else:
            embedded, access, started = None, remote, False
            client = stack.enter_context(access.client())
            client.check_version()
            try:
                record = identify(
                    fleet, journal=journal, client=client, from_table=from_table, join=join, clock=edge.clock
                )
            except ConfigurationError:
                _forget_if_empty(journal, state)
                raise
        emit(
            CollectorReady(time=edge.clock(), url=access.url, embedded=embedded is not None, started=started)
        )
        ids = register(fleet, record, state=state, client=client, who=edge.settings.who)
        yield Opened(
            ports=Ports(
                fleet_id=record.fleet_id,
                state=state,
                journal=journal,
                place=place,
                client=client,
                access=access,
                tester_ids=ids,
                emit=emit,
                clock=edge.clock,
                patience=edge.settings.patience,
                image=image_tag(fleet, scratch=state.image),
            ),
            record=record,
            embedded=embedded,
        )


@contextmanager
def _prepared(place: Place, fleet: Fleet, *, edge: Edge) -> Iterator[None]:
    """Let what hosts need be made while something else is waited for."""
    work = Thread(
        target=place.prepare,
        args=(tuple(fleet.testers_by_driver()),),
        kwargs={"deadline": Deadline.after(edge.settings.patience.create_deadline_s)},
        daemon=True,
    )
    work.start()
    try:
        yield
    except BaseException:
        # Nobody will make a host now, and nothing that runs is left behind.
        work.join(PREPARE_WAIT_S)
        raise


@contextmanager
def opened_for_down(
    state: FleetState, *, edge: Edge, emit: Callable[[Event], None]
) -> Iterator[Opened | None]:
    """Open a fleet so that it can be removed, whatever else is broken; None where nothing was begun.

    A collector that does not answer keeps nobody from removing: what it cannot take is kept here.
    """
    with ExitStack() as stack:
        journal = _locked_journal(stack, state=state, edge=edge)
        record = journal.fleet()
        embedded = EmbeddedCollector(state.collector)
        if record is None:
            yield None
            return
        access, is_remote = _access_for_down(record, journal, embedded, edge=edge, emit=emit)
        yield Opened(
            ports=Ports(
                fleet_id=record.fleet_id,
                state=state,
                journal=journal,
                place=places_of(
                    state, fleet=_fleet_of(record, edge=edge), driver_of=drivers_of(journal), edge=edge
                ),
                client=stack.enter_context(access.client()),
                access=access,
                tester_ids={host.tester: host.tester_id for host in journal.hosts(include_removed=True)},
                emit=emit,
                clock=edge.clock,
                patience=edge.settings.patience,
            ),
            record=record,
            embedded=None if is_remote else embedded,
        )


def _access_for_down(
    record: FleetRecord,
    journal: Journal,
    embedded: EmbeddedCollector,
    *,
    edge: Edge,
    emit: Callable[[Event], None],
) -> tuple[Access, bool]:
    if record.collector_url is not None:
        try:
            fleet = Fleet.from_spec(
                record.spec, edge.environment, source=record.source, directory=record.directory
            )
            access = remote_access(fleet, settings=edge.settings, environment=edge.environment)
        except ConfigurationError as error:
            emit(Note(time=edge.clock(), level="warning", text=f"no token for the collector: {error.what}"))
            access = None
        return access or Access(url=record.collector_url), True
    running = embedded.running_url()
    if running is None and (journal.hosts() or _is_open(journal)):
        try:
            running = embedded.up_for_now()
        except (OrchestratorError, OSError) as error:
            emit(Note(time=edge.clock(), level="warning", text=str(error)))
    return embedded_access(embedded, url=running or url_of(NOBODY_PORT)), False


def _fleet_of(record: FleetRecord, *, edge: Edge) -> Fleet | None:
    """Return the fleet as it was last asked for, None where that cannot be read any more."""
    try:
        return Fleet.from_spec(
            record.spec, edge.environment, source=record.source, directory=record.directory
        )
    except ConfigurationError:
        return None


def _is_open(journal: Journal) -> bool:
    sweep = journal.newest_sweep()
    return sweep is not None and sweep.finished_at is None


def _locked_journal(stack: ExitStack, *, state: FleetState, edge: Edge) -> Journal:
    command = " ".join(("orchestrate", *edge.command_line))
    stack.enter_context(fleet_lock(state.lock, fleet=state.name, command=command, now=edge.clock()))
    return stack.enter_context(Journal(state.journal, clock=edge.clock, after_write=edge.after_journal_write))


def _forget_if_empty(journal: Journal, state: FleetState) -> None:
    """Take back a journal in which nothing stands: nothing was created, so nothing is left."""
    if journal.fleet() is None:
        journal.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{state.journal}{suffix}").unlink(missing_ok=True)
