"""The columns of a report that say which servers its rows are of.

They are the same in every report of a tester, and dearer to read than the figures: what was read and
checked once is known again by its bytes.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, get_type_hints

import msgspec

from collector.ingest.refusal import check_length, wrong
from collector.ingest.undecoded import Undecoded
from wire.fields import check_text
from wire.job import MAX_SERVERS, PROBE_TYPES

MOST_ROWS = MAX_SERVERS * 16
MOST_ROWS_KNOWN = 500_000
"""Rows whose names are remembered; a row takes about 300 bytes."""

LENGTHS = {"server": 255, "group": 255, "host": 255, "address": 64}


class Names(msgspec.Struct, frozen=True, eq=False):
    """Columns that were checked."""

    server: list[str]
    group: list[str]
    host: list[str]
    address: list[str | None]
    family: list[int | None]
    probe_type: list[str]
    port: list[int | None]


COLUMNS = Names.__struct_fields__


class KnownNames:
    """Names of the reports that came last."""

    def __init__(self, *, most_rows: int = MOST_ROWS_KNOWN) -> None:
        self._most_rows = most_rows
        self._rows = 0
        self._known: OrderedDict[bytes, Names] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, results: Undecoded) -> tuple[Names, bytes]:
        """Return the names of the results, and what tells them from others.

        Raises as msgspec does, or `WireError`.
        """
        digest = _digest(results)
        with self._lock:
            if (known := self._known.get(digest)) is not None:
                self._known.move_to_end(digest)
                return known, digest
        names = _decoded(results)
        _check(names)
        with self._lock:
            if self._known.setdefault(digest, names) is names:
                self._rows += len(names.server)
            while self._rows > self._most_rows and len(self._known) > 1:
                self._rows -= len(self._known.popitem(last=False)[1].server)
        return names, digest


def _digest(results: Undecoded) -> bytes:
    digest = hashlib.sha256()
    for name in COLUMNS:
        # Each is a value of JSON, which ends where it ends: no two rows of them have the same bytes.
        digest.update(getattr(results, name))
        digest.update(b"\n")
    return digest.digest()


def _decoded(results: Undecoded) -> Names:
    columns: dict[str, Any] = {}
    for name, kind in get_type_hints(Names).items():
        try:
            columns[name] = msgspec.json.decode(getattr(results, name), type=kind)
        except msgspec.ValidationError as error:
            raise wrong(name, str(error)) from None
    return Names(**columns)


def _check(names: Names) -> None:
    count = len(names.server)
    if count > MOST_ROWS:
        raise wrong("server", f"has {count} items, {MOST_ROWS} are allowed")
    for name in COLUMNS:
        check_length(name, getattr(names, name), count=count)
    for name, longest in LENGTHS.items():
        _check_texts(name, set(getattr(names, name)) - {None}, longest=longest)
    _check_set("family", names.family, lambda value: value in (None, 4, 6))
    _check_set("probe_type", names.probe_type, lambda value: value in PROBE_TYPES)
    _check_set("port", names.port, lambda value: value is None or 1 <= value <= 65_535)
    for family, address in zip(names.family, names.address, strict=True):
        if (family is None) != (address is None):
            raise wrong("family", "does not fit its address")
    identities = set(zip(names.server, names.address, names.port, names.probe_type, strict=True))
    if len(identities) != count:
        raise wrong("server", "repeats a server and address")


def _check_texts(name: str, texts: Iterable[str], *, longest: int) -> None:
    for text in texts:
        # Nearly every name is plain, and is checked without a loop over its letters.
        if len(text) > longest or not text.isascii() or "\x00" in text:
            check_text(text, field=f"results.{name}", longest=longest)


def _check_set(name: str, column: list[Any], allowed: Callable[[Any], bool]) -> None:
    if not all(allowed(value) for value in set(column)):
        raise wrong(name, "is not known")
