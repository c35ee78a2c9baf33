"""INSERT that knows what to do where the row is there already, on either engine."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_into(connection: sa.Connection, table: sa.Table) -> postgresql.Insert:
    """Return an INSERT with `on_conflict_do_nothing` and `on_conflict_do_update`, which both engines have."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    made: postgresql.Insert = sqlite.insert(table)  # type: ignore[assignment]  # another class, the same methods
    return made
