"""Durations, money and sizes as people write them."""

import re
from decimal import Decimal

_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|m|h|d)", re.ASCII)
_MONEY = re.compile(r"(\d+(?:\.\d+)?) ?USD", re.ASCII)
_SIZE = re.compile(r"(\d+) ?(B|KiB|MiB|GiB)?", re.ASCII)
_SIZE_UNITS = {"": 1, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def seconds_of(text: str) -> float:
    """Return a duration such as "0.2s", "250ms", "5m", "2h" or "1d" in seconds; raise `ValueError`."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"`{text}` is not a duration")
    number, unit = match.groups()
    # 200 / 1000 is the float nearest to 0.2, 200 * 0.001 need not be.
    return float(number) / 1_000 if unit == "ms" else float(number) * _UNITS_S[unit]


def duration_text(seconds: float) -> str:
    """Return seconds as a duration from which `seconds_of` gives the same number again."""
    for unit in ("d", "h", "m"):
        count = seconds / _UNITS_S[unit]
        if count >= 1 and count == int(count) and count * _UNITS_S[unit] == seconds:
            return f"{int(count)}{unit}"
    return f"{_decimal_text(seconds)}s"


def usd_of(text: str) -> float:
    """Return an amount such as "5 USD"; raise `ValueError`."""
    match = _MONEY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"`{text}` is not an amount of money")
    return float(match.group(1))


def money_text(usd: float) -> str:
    """Return US dollars as an amount from which `usd_of` gives the same number again."""
    return f"{_decimal_text(usd)} USD"


def bytes_of(text: str) -> int:
    """Return a size such as "1400", "1400B" or "1KiB" in bytes; raise `ValueError`."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"`{text}` is not a size")
    number, unit = match.groups()
    return int(number) * _SIZE_UNITS[unit or ""]


def _decimal_text(number: float) -> str:
    if number == int(number):
        return str(int(number))
    # repr() is the shortest text that gives the float again, but may have an exponent.
    return format(Decimal(repr(number)), "f")
