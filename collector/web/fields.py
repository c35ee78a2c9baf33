"""Types of request fields that any database of ours can hold."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field, JsonValue

MAX_DEPTH = 60


def storable(text: str) -> str:
    """Return a text; refuse one that Postgres cannot hold."""
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("holds a NUL or a lone surrogate")
    return text


def storable_object(value: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON object; refuse one that Postgres cannot hold, or that is nested too deep."""
    _walk(value, depth=0)
    return value


def in_utc(time: datetime) -> datetime:
    """Return an aware time in UTC; refuse one that lies outside the calendar there."""
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside the years 1 to 9999 in UTC") from None


def _walk(value: Any, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"is nested deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        storable(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            storable(key)
            _walk(item, depth=depth + 1)
    elif isinstance(value, list):
        for item in value:
            _walk(item, depth=depth + 1)
    elif (isinstance(value, float) and value != value) or value in (float("inf"), float("-inf")):
        raise ValueError("holds a number that is not finite")


Text = Annotated[str, Field(max_length=1_000), AfterValidator(storable)]
Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(storable)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Object = Annotated[dict[str, JsonValue], AfterValidator(storable_object)]
Time = Annotated[AwareDatetime, AfterValidator(in_utc)]

CREATED: dict[int | str, dict[str, Any]] = {
    201: {"description": "It is new", "content": {"application/json": {"schema": {"type": "object"}}}}
}
"""What a route says in /openapi.json that answers 201 for what is new, and 200 for what was there."""
