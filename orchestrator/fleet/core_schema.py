"""Plain scalars by the core schema of YAML 1.2 (10.3.2), in which NO, yes and 12:30 are texts."""

import re

_FIRST = frozenset("-+.0123456789~nNtTfF")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OTHER_INTEGER = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", re.ASCII)
_MOST_DIGITS = 400
"""Beyond it a number is a text: no field of ours holds it, and reading it takes quadratic time."""


def plain_value(text: str) -> str | int | float | bool | None:
    """Return the value of a plain scalar."""
    if not text:
        return None
    if text[0] not in _FIRST or len(text) > _MOST_DIGITS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_INTEGER.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def option_value(text: str) -> str | int | float | bool | None:
    """Return the value of a driver's option: a number only where its text says no more than that.

    Drivers are told texts, and 007 or 1.10 must reach them as they were written.
    """
    value = plain_value(text)
    if value is None or isinstance(value, bool):
        return value
    return value if str(value) == text else text
