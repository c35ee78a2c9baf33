"""The kinds of value that a fleet file holds, each with its refusal."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Strict, StringConstraints, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from orchestrator.fleet.core_schema import plain_value
from orchestrator.fleet.drivers import KNOWN_DRIVERS
from orchestrator.fleet.nearest import did_you_mean
from orchestrator.fleet.quantities import bytes_of, seconds_of, usd_of

_DRIVER = re.compile(r"[a-z0-9][a-z0-9-]*", re.ASCII)


def refusal(message: str, hint: str | None = None) -> PydanticCustomError:
    """Return the error that a validator raises; its message reaches the person as it stands."""
    # Braces are placeholders to pydantic, so the texts go in as values.
    return PydanticCustomError("fleet", "{message}", {"message": message, "hint": hint})


def _quantity(read: Callable[[str], float], *, what: str, hint: str, bare: str) -> BeforeValidator:
    """Return the validator of a number that people write with its unit and programs without."""

    def validate(value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            try:
                return read(value)
            except ValueError as error:
                raise refusal(str(error), hint) from None
        if written_by_people(info):
            raise refusal(f"`{shown(value)}` is not {what}", bare)
        return value

    return BeforeValidator(validate)


def written_by_people(info: ValidationInfo) -> bool:
    """Return whether a value comes from a fleet file, not from our own code."""
    return bool(info.context)


def _bytes(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return bytes_of(value)
        except ValueError as error:
            raise refusal(str(error), 'write for example "56" or "1KiB"') from None
    return value


def _family(value: Any) -> Any:
    return str(value) if value in (4, 6) and not isinstance(value, bool) else value


def _driver(value: Any) -> Any:
    if isinstance(value, str) and value not in KNOWN_DRIVERS:
        hint = did_you_mean(value, KNOWN_DRIVERS)
        if hint is not None or not _DRIVER.fullmatch(value):
            raise refusal(f"unknown driver `{value}`", hint or "`local` is supported by this version")
    return value


def _integer_from_text(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value


def _number_from_text(value: Any) -> Any:
    number = plain_value(value) if isinstance(value, str) else value
    return number if isinstance(number, (int, float)) else value


def _truth_from_text(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def shown(value: Any) -> str:
    """Return a scalar as YAML has it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float, str)) else "…"


Whole = Annotated[int, Strict(), BeforeValidator(_integer_from_text)]
"""A whole number; neither 20.0 nor true. A `${VAR}` in quotes gives it as a text."""

Truth = Annotated[bool, Strict(), BeforeValidator(_truth_from_text)]
"""true or false; `yes` and `no` are texts in YAML 1.2."""

Number = Annotated[float, Strict(), BeforeValidator(_number_from_text)]

Text = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

Name = Annotated[str, StringConstraints(max_length=63, pattern=NAME_PATTERN)]
"""The name of a fleet or a tester: it becomes part of host names and paths."""

_DURATION_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)? ?(ms|s|m|h|d)$"})
Seconds = Annotated[
    float,
    Strict(),
    _quantity(
        seconds_of,
        what="a duration",
        hint='write for example "0.2s", "90m" or "1d"',
        bare='it needs a unit, for example "0.2s" or "5m"',
    ),
    _DURATION_SCHEMA,
]
"""A duration: people write "0.2s", programs 0.2."""

Dollars = Annotated[
    float,
    Strict(),
    _quantity(
        usd_of,
        what="an amount of money",
        hint='write for example "5 USD"',
        bare='write for example "5 USD"',
    ),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)? ?USD$"}),
]
"""US dollars: people write "5 USD", programs 5.0."""

Bytes = Annotated[
    int,
    Strict(),
    BeforeValidator(_bytes),
    WithJsonSchema({"type": ["integer", "string"], "pattern": r"^\d+ ?(B|KiB|MiB|GiB)?$"}),
]
"""A size: 56 or "1KiB"."""

Driver = Annotated[str, BeforeValidator(_driver), StringConstraints(max_length=100)]

Family = BeforeValidator(_family)
"""Takes the numbers 4 and 6 where an IP version is asked for."""

UNION_TAGS = frozenset({"<word>", "<items>", "<mappings>"})
"""Steps of an error's path that stand for the member of a union, not for a key."""


def kind_of_value(value: Any) -> str:
    """Return the tag of the union's member that a value should be held against."""
    entries = value if isinstance(value, (list, tuple)) else ()
    return "<mappings>" if any(isinstance(item, dict) for item in entries) else "<items>"


def all_or_list(value: Any) -> Any:
    """Refuse a word that is not `all`."""
    if isinstance(value, str) and value != "all":
        raise refusal(f"`{value}` is neither `all` nor a list", f"write [{value}]")
    return value


def word_or_items(value: Any) -> str:
    """Return the tag of a value that is a word or a list."""
    return "<items>" if isinstance(value, (list, tuple)) else "<word>"


def _listed(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else (value,)


Texts = Annotated[
    tuple[Text, ...],
    BeforeValidator(_listed),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
]
"""One text or a list of them."""


def _option(value: Any) -> Any:
    items = value if isinstance(value, (list, tuple)) else (value,)
    if not all(isinstance(item, (str, int, float)) for item in items):
        raise refusal("an option is a text, a number, true or false, or a list of these")
    return tuple(items) if isinstance(value, (list, tuple)) else value


Scalar = str | int | float | bool
Option = Annotated[
    Scalar | tuple[Scalar, ...],
    BeforeValidator(_option),
    WithJsonSchema({"type": ["string", "number", "boolean", "array"]}),
]
"""What a driver is told."""
