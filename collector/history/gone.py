"""What retention has removed: remembered, since it cannot be computed again."""

from datetime import datetime

import sqlalchemy as sa

from collector.tables import pruned


def pruned_before(connection: sa.Connection, name: str) -> datetime | None:
    """Return up to when retention has removed rows of a table, None where it never did."""
    found: datetime | None = connection.execute(
        sa.select(pruned.c.before).where(pruned.c.name == name)
    ).scalar()
    return found


def remember_pruned(connection: sa.Connection, name: str, *, before: datetime) -> None:
    """Write down what is removed, in the transaction that removes it."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]  # the same methods
    statement = insert(pruned).values(name=name, before=before)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"before": statement.excluded.before},
            where=pruned.c.before < statement.excluded.before,
        )
    )
