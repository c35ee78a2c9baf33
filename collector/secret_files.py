"""Files that hold one secret each."""

import os
import stat
from pathlib import Path

from collector.errors import ConfigurationError


def read_secret_file(path: str, *, variable: str) -> str:
    """Return the secret in a file that `variable` names; raise `ConfigurationError` for none."""
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else "not UTF-8"
        raise ConfigurationError(
            f"{variable}: {path} cannot be read: {reason}",
            hint="name a file that holds the secret and that this user may read",
        ) from None
    if not content:
        raise ConfigurationError(f"{variable}: {path} is empty", hint="write the secret into it, on one line")
    return content


def all_may_read(path: str) -> bool:
    """Return whether every user of this machine may read a file, as far as its own mode goes."""
    try:
        return bool(Path(path).stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def open_secret(path: str, *, name: str) -> str:
    """Return what is told of a file that every user may read; `name` is what names it."""
    return f"every user of this machine may read {path}, which {name} names: chmod 600 {path}"
