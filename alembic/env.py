"""Runs migrations on the connection that `collector.migrate` hands over."""

from alembic import context
from collector.history.partitions import is_partition
from collector.tables import metadata


def _ours(_thing: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return not (kind == "table" and is_partition(name))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_object=_ours,
    compare_type=True,
)
# The transaction is the caller's.
context.run_migrations()
