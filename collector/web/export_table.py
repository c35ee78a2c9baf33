"""What a table of an export holds, column by column."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What the values of a column are, as rows hold them; None is nothing known in each."""

    ID = "id"
    TEXT = "text"
    TIME = "time"
    WHOLE = "whole"
    RATIO = "ratio"
    FLAG = "flag"
    JSON = "json"
    RTTS = "rtts"


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column; its name ends in its unit where it has one.

    `RTTS` are bytes: little-endian int32 by position, microseconds or a code of `wire.report`.
    """

    name: str
    kind: Kind
    meaning: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table that can be taken along; `version` grows when a column changes its meaning or goes."""

    name: str
    about: str
    columns: tuple[Column, ...]
    version: int = 1


Row = Sequence[Any]
Pages = Iterator[Sequence[Row]]
"""Rows in the order of a table's columns, some at a time; made by a generator."""


def columns(kind: Kind, *names: str) -> tuple[Column, ...]:
    """Return columns of one kind whose names say it all."""
    return tuple(Column(name=name, kind=kind) for name in names)
