"""A database for the length of a command."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
import sqlalchemy as sa

from collector.errors import CollectorError
from collector.migrate import check_current, migrate
from collector.session import CONNECTIONS, engine_of
from collector.settings import Settings
from collector.web.failures import unavailable

LEAST_CONNECTIONS = 8
"""Of one of several processes, which share what a database gives: Postgres has 100 by default."""


@contextmanager
def opened(settings: Settings, *, warns: bool = True) -> Iterator[sa.Engine]:
    """Give an engine; tell a failing database in one line instead of a traceback.

    `warns`: tell on stderr of secrets that everybody may read.
    """
    for sentence in settings.open_secrets if warns else ():
        click.echo(f"collector: warning: {sentence}", err=True)
    engine = engine_of(
        settings.database_url,
        connections=max(LEAST_CONNECTIONS, CONNECTIONS // settings.workers),
        statement_timeout_s=settings.statement_timeout_s,
    )
    try:
        yield engine
    except sa.exc.SQLAlchemyError as error:
        failure = unavailable(error)
        if failure is None:
            raise
        raise CollectorError(f"{failure.message}: {_one_line(error)}") from None
    finally:
        engine.dispose()


def make_current(engine: sa.Engine, *, may_migrate: bool) -> None:
    """Bring the tables up to date where that is allowed, which it always is for a file of ours.

    Raises `ConfigurationError` for another database that is not at the newest revision.
    """
    if may_migrate or engine.dialect.name == "sqlite":
        migrate(engine)
    else:
        check_current(engine)


def _one_line(error: sa.exc.SQLAlchemyError) -> str:
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
