"""Makes a fleet known to its collector: who it is, who its testers are, and what they show as proof."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from orchestrator.act.access import Access
from orchestrator.act.identity import digest_of_token, is_told, new_token, note_told, tester_id_of, token_of
from orchestrator.act.journal import FleetRecord, Journal
from orchestrator.act.state import FleetState
from orchestrator.collector_client import CollectorClient, CollectorRefused
from orchestrator.errors import ConfigurationError
from orchestrator.events import printable
from orchestrator.fleet.model import Fleet, Tester
from orchestrator.fleet.roster import row_of_tester


class NameTaken(ConfigurationError):
    """Another fleet is registered at the collector under this name."""

    card_code = "fleet-name-taken"


def identify(
    fleet: Fleet,
    *,
    journal: Journal,
    client: CollectorClient | None,
    from_table: bool,
    join: bool,
    clock: Callable[[], datetime],
) -> FleetRecord:
    """Return the fleet's record, journalled before anything else of it is made.

    A first `up` mints the UUID. Where the collector knows the name already, the fleet is taken over
    if it comes from the collector's own table, if nobody has worked on it yet, or with `join`.
    Raise `NameTaken` otherwise. `client` None: the embedded collector, which knows nobody else.
    """
    record = journal.fleet()
    fleet_id = uuid4() if record is None else record.fleet_id
    joined = record is not None and record.joined
    taken = (
        None
        if client is None
        else their_fleet_id(fleet, record, client=client, from_table=from_table, join=join)
    )
    if taken is not None:
        if journal.hosts():
            raise ConfigurationError(
                f"fleet {fleet.name!r} has hosts under another UUID",
                cause=f"it was begun here as {fleet_id}, the collector knows it as {taken}",
                next_step="orchestrate down, then `up --join`",
            )
        fleet_id, joined = taken, True
    record = FleetRecord(
        fleet_id=fleet_id,
        name=fleet.name,
        created_at=clock() if record is None else record.created_at,
        spec=fleet.to_spec(),
        source=fleet.source,
        directory=fleet.directory,
        collector_url=None if client is None else client.url,
        joined=joined,
    )
    if record != journal.fleet():
        journal.write_fleet(record)
    return record


def their_fleet_id(
    fleet: Fleet, record: FleetRecord | None, *, client: CollectorClient, from_table: bool, join: bool
) -> UUID | None:
    """Return the UUID to take over from the collector, None where the one here stands.

    Raise `NameTaken` where the name is somebody else's.
    """
    theirs = _registered(client, fleet.name)
    if theirs is None or (record is not None and UUID(theirs["fleet_id"]) == record.fleet_id):
        return None
    their_id = UUID(theirs["fleet_id"])
    unused = record is None and (from_table or not list(client.sweeps(fleet=their_id, limit=1)))
    if not (join or unused):
        raise _name_taken(fleet.name, by=theirs.get("registered_by"), at=theirs.get("registered_at"))
    return their_id


def check_name(fleet: Fleet, record: FleetRecord | None, *, access: Access, from_table: bool) -> str:
    """Return whose name it is; raise `NameTaken` where `up` would have to be told to join."""
    with access.client() as client:
        taken = their_fleet_id(fleet, record, client=client, from_table=from_table, join=False)
    return "known here" if taken is None and record is not None else "free to take"


def register(
    fleet: Fleet, record: FleetRecord, *, state: FleetState, client: CollectorClient, who: str
) -> dict[str, UUID]:
    """Register a fleet and its testers, and return the testers' UUIDs by name; twice is once.

    A tester's token is saved before its digest is told. Raise `NameTaken`.
    """
    try:
        client.put_fleet(record.fleet_id, name=fleet.name, spec=record.spec, orchestrator=who)
    except CollectorRefused as error:
        if error.code == "fleet_name_taken":
            by, at = error.body.get("registered_by"), error.body.get("registered_at")
            raise _name_taken(fleet.name, by=by, at=at) from None
        raise
    rows = {str(row["name"]): row for row in client.testers(fleet=record.fleet_id, include_retired=True)}
    ids: dict[str, UUID] = {}
    for tester in fleet.testers:
        row = rows.get(tester.name)
        tester_id = (
            tester_id_of(fleet_id=record.fleet_id, tester=tester.name)
            if row is None
            else UUID(row["tester_id"])
        )
        ids[tester.name] = tester_id
        is_told_already = is_told(state.tokens, tester_id=tester_id, url=client.url)
        if is_told_already and row is not None and _is_same(row, tester):
            continue
        for digest in _digests(state, tester_id):
            try:
                client.put_tester(
                    tester_id,
                    fleet_id=record.fleet_id,
                    name=tester.name,
                    location=None if tester.location is None else tester.location.region,
                    vps_provider=tester.provider,
                    config=tester.to_spec(),
                    token_sha256=digest,
                    # Testers that were started from the other place go on with the token they have.
                    keep_tokens=record.joined,
                )
                break
            except CollectorRefused as error:
                if error.code != "token_revoked":
                    raise
        note_told(state.tokens, tester_id=tester_id, url=client.url)
    return ids


def _digests(state: FleetState, tester_id: UUID) -> Iterator[str]:
    """Give the digest of a tester's token, then, where somebody revoked it, that of a new one."""
    yield digest_of_token(token_of(state.tokens, tester_id=tester_id))
    yield digest_of_token(new_token(state.tokens, tester_id=tester_id))


def _is_same(row: dict[str, Any], tester: Tester) -> bool:
    """Return whether the table has a tester as it is wanted, with a token."""
    is_known = row.get("retired_at") is None and bool(row.get("has_token"))
    return is_known and all(row.get(key) == value for key, value in row_of_tester(tester).items())


def _registered(client: CollectorClient, name: str) -> dict[str, str] | None:
    return next((row for row in client.fleets(name=name) if row["name"] == name), None)


def _name_taken(name: str, *, by: object, at: object) -> NameTaken:
    who = printable(str(by)) if by else "somebody"
    since = f" since {printable(str(at))}" if at else ""
    return NameTaken(
        f"fleet {name!r} is registered at the collector by {who}{since}",
        cause="that fleet has another UUID than the one of this state directory",
        next_step="give this fleet another name, or work on the same fleet: `orchestrate up --join`",
    )
