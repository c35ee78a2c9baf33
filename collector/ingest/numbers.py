"""A long list of integers in JSON, read without an object for each."""

from collections.abc import Iterator
from contextlib import suppress

import msgspec
import numpy as np
import numpy.typing as npt

from collector.ingest.refusal import wrong

Ints = npt.NDArray[np.int32]

READ_AT_A_TIME = 2**20
"""Bytes; what is read has no more of them in memory, several times over."""

COMMA, BEGIN, END = b",[]"
OTHERS = (b" ", b"\n", b"\r", b"\t", b"\v", b"\f", b"+")


def whole_numbers(name: str, text: bytes | msgspec.Raw, *, least: int, most: int) -> Ints:
    """Return the integers of a JSON list that is the column `name`.

    Raises `WireError` for one that does not lie between `least` and `most`, and as msgspec does.
    """
    given = memoryview(text)
    if (given[0], given[-1]) != (BEGIN, END) or len(given) == 2:
        return as_int32(name, msgspec.json.decode(given, type=list[int]), least=least, most=most)
    parts = [_part(name, part, least=least, most=most) for part in _parts(given[1:-1])]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _parts(inner: memoryview) -> Iterator[bytes]:
    """Cut at commas; what stands between two parts is one comma."""
    while len(inner) > READ_AT_A_TIME:
        window = bytes(inner[:READ_AT_A_TIME])
        end = window.rfind(b",")
        if end < 0:
            break
        if not end:
            raise msgspec.DecodeError("a number is missing before a comma")
        yield window[:end]
        inner = inner[end + 1 :]
    yield bytes(inner)


def as_int32(name: str, values: list[int] | npt.NDArray[np.int64], *, least: int, most: int) -> Ints:
    """Return integers that were decoded; raise `WireError` for one that does not lie between the two."""
    try:
        wide = np.asarray(values, dtype=np.int64)
    except OverflowError:
        raise wrong(name, f"must lie between {least} and {most}") from None
    if len(wide) and not (least <= int(wide.min()) and int(wide.max()) <= most):
        raise wrong(name, f"must lie between {least} and {most}")
    return wide.astype(np.int32)


def commas(text: bytes | msgspec.Raw) -> int:
    """Return how many commas there are, without memory to speak of; ten times faster than `bytes`."""
    given = np.frombuffer(text, dtype=np.uint8)
    return sum(
        int(np.count_nonzero(given[start : start + READ_AT_A_TIME] == COMMA))
        for start in range(0, len(given), READ_AT_A_TIME)
    )


def _part(name: str, text: bytes, *, least: int, most: int) -> Ints:
    if not text:
        raise msgspec.DecodeError("a number is missing after a comma")
    # Where the text is no list of integers, numpy says so in one way or another, or reads a part of it.
    with suppress(ValueError, DeprecationWarning):
        values = np.fromstring(text, dtype=np.int64, sep=",")
        if _is_shortest(text, values):
            return as_int32(name, values, least=least, most=most)
    return as_int32(name, msgspec.json.decode(b"[" + text + b"]", type=list[int]), least=least, most=most)


def _is_shortest(text: bytes, values: npt.NDArray[np.int64]) -> bool:
    """Return whether a text is some integers in the shortest way, with commas between them.

    Numpy reads `+1`, `007`, `-0`, blanks, and a sign or a blank alone as 0. Whatever is not the shortest
    way to write a number is longer than that, but for those last; and whether it is JSON, msgspec says.
    """
    negatives = int(np.count_nonzero(values < 0))
    if text.count(b"-") != negatives or any(mark in text for mark in OTHERS):
        return False
    # The amount of the least of all is itself, which is no number of ours.
    amounts = np.abs(values)
    length = 2 * len(values) - 1 + negatives
    most, power = int(amounts.max(initial=0)), 10
    while power <= most:
        length += int(np.count_nonzero(amounts >= power))
        power *= 10
    return length == len(text)
