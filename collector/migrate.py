"""The database's revision, and the way to another."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

import collector
from collector.errors import ConfigurationError
from collector.session import unhurried, writing

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "alembic_version"
LOCK = 0x6D696772
"""Held while migrating, so that two collectors that start together migrate once."""


def migrations_directory() -> Path:
    """Return where the migrations are: in an installed package, or beside it in a checkout."""
    package = Path(collector.__file__).parent
    for candidate in (package / "migrations", package.parent / "alembic"):
        if (candidate / "env.py").is_file():
            return candidate
    raise ConfigurationError("the migrations are not installed", hint="install the package again")


@cache
def heads() -> frozenset[str]:
    """Return the newest revisions that this collector knows."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_config())
    return frozenset(script.get_heads())


def revision_of(connection: sa.Connection) -> str | None:
    """Return the revision of a database, None for an empty one."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    text = sa.text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant
    return connection.execute(text).scalar_one_or_none()


def check_known(revision: str | None) -> None:
    """Raise `ConfigurationError` for the revision of a newer collector."""
    from alembic.script import ScriptDirectory

    if revision is None:
        return
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision not in known:
        raise ConfigurationError(
            f"the database is at revision {revision}, which this collector does not know",
            hint="install the release that made it, or a newer one",
        )


def check_current(engine: sa.Engine) -> None:
    """Raise `ConfigurationError` unless the database is at the newest revision."""
    with engine.connect() as connection:
        revision = revision_of(connection)
    check_known(revision)
    if revision not in heads():
        have = "has no tables yet" if revision is None else f"is at revision {revision}"
        raise ConfigurationError(
            f"the database {have}, this collector needs {', '.join(sorted(heads()))}",
            hint="run `collector migrate`, or serve with --migrate",
        )


def migrate(engine: sa.Engine, *, to: str = "heads") -> str | None:
    """Bring a database to a revision, in one transaction; return the revision that it has then.

    `to` may be older ("base" for none): then it goes down.
    """
    from alembic.util import CommandError

    from alembic import command

    config = _config()
    # A table of months of results takes its time.
    with writing(engine) as connection, unhurried(connection):
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        before = revision_of(connection)
        check_known(before)
        config.attributes["connection"] = connection
        try:
            if to == "base" or (to.isdecimal() and before is not None and to < before):
                command.downgrade(config, to)
            else:
                command.upgrade(config, to)
        except CommandError:
            raise ConfigurationError(
                f"there is no revision {to!r} to go to", hint=f"the newest is {', '.join(sorted(heads()))}"
            ) from None
        return revision_of(connection)


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    # A per cent sign in the path would otherwise begin an interpolation.
    config.set_main_option("script_location", str(migrations_directory()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
