"""Secrets that come from files: who else may read them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from orchestrator.act.check_hosts import Caution
from orchestrator.fleet.model import Fleet
from orchestrator.secret_files import all_may_read
from orchestrator.settings import ADMIN_TOKEN, READER_TOKEN, Settings


def secret_files(fleet: Fleet, *, settings: Settings, environment: Mapping[str, str]) -> list[Path]:
    """Return the files whose secrets are used: a token of the environment outranks that of the fleet."""
    files = [
        Path(environment[f"{name}_FILE"])
        for name in (ADMIN_TOKEN, READER_TOKEN)
        if not environment.get(name) and environment.get(f"{name}_FILE")
    ]
    for token, reference in (
        (settings.admin_token, fleet.collector.admin_token),
        (settings.reader_token, fleet.collector.reader_token),
    ):
        if token is None and reference is not None and reference.file is not None:
            files.append(Path(fleet.directory) / reference.file)
    return files


def secret_cautions(files: Sequence[Path]) -> Iterator[Caution]:
    """Yield each file that every user of this machine may read."""
    for path in files:
        if all_may_read(path):
            yield Caution(
                detail=f"every user of this machine may read the secret file {path}",
                cause="its mode lets others read",
                next_step=f"chmod 600 {path}",
            )
