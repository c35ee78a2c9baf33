"""Reading known fields out of decoded JSON."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from wire.errors import UnknownVersion, WireError

MAX_TEXT = 1_000
"""Characters in any one text of a message."""


class Fields:
    """The fields of one JSON object; each method names the field when it refuses one.

    Fields that nobody asks for are ignored, so that both sides can be upgraded apart.
    """

    def __init__(self, value: object, *, path: str = "") -> None:
        if not isinstance(value, Mapping):
            raise WireError(field=path, reason="must be an object")
        self._value: Mapping[str, Any] = value
        self._path = path

    def path(self, name: str) -> str:
        """Return the dotted path of a field."""
        return f"{self._path}.{name}" if self._path else name

    def get(self, name: str) -> Any:
        """Return a field as it stands; raise `WireError` where it is missing."""
        if name not in self._value:
            raise WireError(field=self.path(name), reason="is missing")
        return self._value[name]

    def opt(self, name: str) -> Any:
        """Return a field as it stands, None where it is missing."""
        return self._value.get(name)

    def version(self, *, what: str, known: tuple[int, ...]) -> int:
        """Return `v`; raise `UnknownVersion` for one that is not known."""
        version = self._value.get("v")
        if not isinstance(version, int) or isinstance(version, bool) or version not in known:
            raise UnknownVersion(what=what, version=version, known=known)
        return version

    def text(self, name: str, *, longest: int = MAX_TEXT) -> str:
        """Return a text without NUL characters."""
        return check_text(self.get(name), field=self.path(name), longest=longest)

    def text_or_none(self, name: str, *, longest: int = MAX_TEXT) -> str | None:
        """Return a text, None where it is null or missing."""
        return None if self.opt(name) is None else self.text(name, longest=longest)

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        """Return a text that is one of `choices`."""
        value = self.get(name)
        if value not in choices:
            raise WireError(field=self.path(name), reason=f"must be one of {', '.join(choices)}")
        return str(value)

    def uuid(self, name: str) -> UUID:
        """Return a UUID."""
        value = self.get(name)
        try:
            if not isinstance(value, str):
                raise ValueError
            return UUID(value)
        except ValueError:
            raise WireError(field=self.path(name), reason="must be a UUID") from None

    def uuid_or_none(self, name: str) -> UUID | None:
        """Return a UUID, None where it is null or missing."""
        return None if self.opt(name) is None else self.uuid(name)

    def integer(self, name: str, *, least: int, most: int) -> int:
        """Return an integer within bounds, both included."""
        return check_integer(self.get(name), field=self.path(name), least=least, most=most)

    def integer_or_none(self, name: str, *, least: int, most: int) -> int | None:
        """Return an integer within bounds, None where it is null or missing."""
        return None if self.opt(name) is None else self.integer(name, least=least, most=most)

    def number(self, name: str, *, least: float, most: float) -> float:
        """Return a finite number within bounds, both included."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise WireError(field=self.path(name), reason="must be a finite number")
        if not least <= value <= most:
            raise WireError(field=self.path(name), reason=f"must lie between {least} and {most}")
        return float(value)

    def number_or_none(self, name: str, *, least: float, most: float) -> float | None:
        """Return a finite number within bounds, None where it is null or missing."""
        return None if self.opt(name) is None else self.number(name, least=least, most=most)

    def boolean(self, name: str) -> bool:
        """Return a boolean."""
        value = self.get(name)
        if not isinstance(value, bool):
            raise WireError(field=self.path(name), reason="must be true or false")
        return value

    def time(self, name: str) -> datetime:
        """Return an aware time in UTC."""
        return check_time(self.get(name), field=self.path(name))

    def time_or_none(self, name: str) -> datetime | None:
        """Return an aware time in UTC, None where it is null or missing."""
        return None if self.opt(name) is None else self.time(name)

    def items(self, name: str, *, most: int) -> list[Any]:
        """Return a list of at most `most` items."""
        value = self.get(name)
        if not isinstance(value, list):
            raise WireError(field=self.path(name), reason="must be a list")
        if len(value) > most:
            raise WireError(field=self.path(name), reason=f"has {len(value)} items, {most} are allowed")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        """Return an object, an empty one where it is null or missing."""
        value = self.opt(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise WireError(field=self.path(name), reason="must be an object")
        return value

    def object(self, name: str) -> "Fields":
        """Return the fields of an object within this one."""
        return Fields(self.get(name), path=self.path(name))


def check_text(value: object, *, field: str, longest: int = MAX_TEXT) -> str:
    """Return `value` as a text that every database of ours can hold."""
    if not isinstance(value, str):
        raise WireError(field=field, reason="must be a text")
    if len(value) > longest:
        raise WireError(field=field, reason=f"has {len(value)} characters, {longest} are allowed")
    if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise WireError(field=field, reason="holds a NUL or a lone surrogate")
    return value


def check_integer(value: object, *, field: str, least: int, most: int) -> int:
    """Return `value` as an integer within bounds, both included."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise WireError(field=field, reason="must be an integer")
    if not least <= value <= most:
        raise WireError(field=field, reason=f"must lie between {least} and {most}")
    return value


def check_time(value: object, *, field: str) -> datetime:
    """Return an ISO 8601 text with an offset as an aware time in UTC."""
    try:
        if not isinstance(value, str):
            raise ValueError
        time = datetime.fromisoformat(value)
        if time.tzinfo is None:
            raise ValueError
        return time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WireError(field=field, reason="must be an ISO 8601 time with an offset") from None


def time_text(time: datetime) -> str:
    """Return an aware time as the wire has it: UTC, microseconds, a final Z."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def decode_object(body: bytes) -> object:
    """Return the JSON value in `body`; raise `WireError` for anything that is not JSON.

    NaN and Infinity, which Python's decoder would take, are refused.
    """

    def refuse(constant: str) -> None:
        raise WireError(field="", reason=f"{constant} is not JSON")

    try:
        return json.loads(body, parse_constant=refuse)
    except WireError:
        raise
    except (ValueError, RecursionError) as error:
        raise WireError(field="", reason=f"not JSON: {error}") from None


def encode_object(value: Mapping[str, Any]) -> bytes:
    """Return compact JSON in UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
