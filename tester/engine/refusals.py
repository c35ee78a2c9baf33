"""The system's refusals in words."""

import errno
import os


def words_of(error: OSError) -> str:
    """Return what an error says, with its name."""
    return str(error) if error.errno is None else words_of_number(error.errno)


def words_of_number(number: int) -> str:
    """Return an error by number in words, with its name."""
    return f"{os.strerror(number)} ({name_of(number)})"


def name_of(number: int) -> str:
    """Return the name of an error, such as ENETUNREACH."""
    return errno.errorcode.get(number, str(number))
