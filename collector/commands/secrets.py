"""`collector secrets`: the secrets of a stack in containers, made once."""

import os
from pathlib import Path

import click

from collector.auth import new_token
from collector.errors import CollectorError

NAMES = (
    *("database_password", "admin_token", "reader_token"),
    *("grafana_password", "grafana_database_password"),
)


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--owner", type=int, metavar="UID", help="Whose the files are, if not yours.")
def secrets(directory: Path, owner: int | None) -> None:
    """Make the secrets that are missing in DIRECTORY, one file each; what is there stays as it is."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            made = _make(directory / name, owner=owner)
            click.echo(f"{name}: {'made' if made else 'there already'}")
        if owner is not None:
            os.chown(directory, owner, owner)
        directory.chmod(0o700)
    except OSError as error:
        raise CollectorError(f"{error.filename or directory} cannot be written: {error.strerror}") from None


def _make(path: Path, *, owner: int | None) -> bool:
    if path.exists() and path.stat().st_size:
        return False
    # Written aside and renamed: whoever looks finds the whole secret or none.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(new_token() + "\n")
            file.flush()
            os.fsync(file.fileno())
        if owner is not None:
            os.chown(draft, owner, owner)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return True
