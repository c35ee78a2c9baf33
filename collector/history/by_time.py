"""Results by their time, also where the database knows nothing of how many there are."""

import sqlalchemy as sa
from sqlalchemy.sql.operators import custom_op

from collector.tables import ping_results, runs


def of_tester(connection: sa.Connection) -> sa.ColumnElement[int]:
    """Return the tester of a result, as nothing that SQLite looks results up by.

    It has no statistics here, and takes the whole history of a tester for shorter than an hour of all. The
    unary plus keeps it from that, and the index of times or of paths is left ("The SQLite Query Optimizer
    Overview", on disqualified terms).
    """
    column = ping_results.c.tester_id
    if connection.dialect.name == "postgresql":
        return column
    return sa.UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def results_with_runs(connection: sa.Connection) -> sa.Join:
    """Return results beside their runs: found by time, then each run by its key."""
    return ping_results.join(
        runs, sa.and_(runs.c.tester_id == of_tester(connection), runs.c.run_id == ping_results.c.run_id)
    )
