"""Results in the original tester's form, kept verbatim."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl
from uuid import UUID, uuid4, uuid5

import sqlalchemy as sa

from collector.errors import ConfigurationError
from collector.session import reading, writing
from collector.tables import fleets, legacy_results, testers

FIELDS = {
    "tester_id": "tester_given",
    "server_requested": "server_requested",
    "server_contacted": "server_contacted",
    "ping_timestamp": "ping_timestamp",
    "ping_count": "ping_count",
    "ping_nack": "ping_nack",
    "ping_time": "ping_time",
    "raw": "raw",
}
"""The original's field, and the column that keeps it."""

MAX_FIELDS = 100
FLEET = "legacy"
FLEET_ID = uuid5(UUID(int=0), "fleet of original testers")


def read_form(body: bytes) -> dict[str, str]:
    """Return the fields of `FIELDS` that an urlencoded form has; raise `ValueError` for none."""
    pairs = parse_qsl(
        body.decode("utf-8", errors="replace"),
        keep_blank_values=True,
        errors="replace",
        max_num_fields=MAX_FIELDS,
    )
    # Postgres holds no NUL in a text.
    form = {name: value.replace("\x00", "\ufffd") for name, value in pairs if name in FIELDS}
    if not form:
        raise ValueError("none of the original's fields is in the form")
    return form


def legacy_tester(engine: sa.Engine, name: str, *, now: datetime) -> int:
    """Return the number of the tester that the forms are said to be of, by name or UUID.

    A name that nobody has is registered in a fleet of its own. Raises `ConfigurationError` for a
    name that several fleets have, and for a UUID that no tester has.
    """
    try:
        uuid = UUID(name)
    except ValueError:
        uuid = None
    wanted = testers.c.name == name if uuid is None else testers.c.uuid == uuid
    with reading(engine) as connection:
        numbers = connection.execute(sa.select(testers.c.id).where(wanted)).scalars().all()
    if len(numbers) > 1:
        raise ConfigurationError(
            f"COLLECTOR_LEGACY_TESTER: several fleets have a tester {name}", hint="give its UUID"
        )
    if numbers:
        return int(numbers[0])
    if uuid is not None:
        raise ConfigurationError(f"COLLECTOR_LEGACY_TESTER: there is no tester {uuid}", hint="give a name")
    return _register(engine, name, now=now)


def store_form(engine: sa.Engine, *, tester_number: int, form: Mapping[str, str], now: datetime) -> None:
    """Store what a form says, as it says it."""
    values = {FIELDS[name]: value for name, value in form.items()}
    with writing(engine) as connection:
        connection.execute(
            sa.insert(legacy_results).values(tester_id=tester_number, id=uuid4(), received_at=now, **values)
        )


def _register(engine: sa.Engine, name: str, *, now: datetime) -> int:
    uuid = uuid5(FLEET_ID, name)
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            # Two collectors that start together register once.
            connection.exec_driver_sql("LOCK TABLE fleets, testers IN SHARE ROW EXCLUSIVE MODE")
        known: int | None = connection.execute(
            sa.select(testers.c.id).where(testers.c.uuid == uuid)
        ).scalar_one_or_none()
        if known is not None:
            return known
        fleet = connection.execute(
            sa.select(fleets.c.id).where(fleets.c.uuid == FLEET_ID)
        ).scalar_one_or_none()
        if fleet is None:
            taken = connection.execute(
                sa.select(fleets.c.id).where(fleets.c.name == FLEET)
            ).scalar_one_or_none()
            fleet = connection.execute(
                sa.insert(fleets)
                .values(
                    uuid=FLEET_ID,
                    # Somebody may have called a fleet of their own so.
                    name=FLEET if taken is None else f"{FLEET}-{FLEET_ID}",
                    spec={},
                    registered_at=now,
                    registered_by="collector",
                )
                .returning(fleets.c.id)
            ).scalar_one()
        number: int = connection.execute(
            sa.insert(testers)
            .values(uuid=uuid, fleet_id=fleet, name=name, config={}, created_at=now)
            .returning(testers.c.id)
        ).scalar_one()
        return number
