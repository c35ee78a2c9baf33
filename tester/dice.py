"""Chance."""

import os


def dice() -> float:
    """Return a random number from 0 up to 1, without the import of `random`."""
    return int.from_bytes(os.urandom(4), "big") / 2**32
