"""Files that hold one secret each."""

import stat
from pathlib import Path

from orchestrator.errors import ConfigurationError


def read_secret_file(path: Path, *, named_by: str) -> str:
    """Return the secret in a file, which `named_by` names; raise `ConfigurationError` for none."""
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigurationError(
            f"the secret file {path} cannot be read: {reason}",
            cause=f"{named_by} names it",
            next_step="write the secret into it, readable by its owner only, or name another file",
        ) from None
    if not value:
        raise ConfigurationError(
            f"the secret file {path} is empty",
            cause=f"{named_by} names it",
            next_step="write the secret into it, on one line",
        )
    return value


def all_may_read(path: Path) -> bool:
    """Return whether every user of this machine may read a file, as far as its own mode goes."""
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
