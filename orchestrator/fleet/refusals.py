"""What the models refuse, in words for people."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from orchestrator.fleet.fields import NAME_PATTERN, UNION_TAGS, shown
from orchestrator.fleet.nearest import did_you_mean
from orchestrator.fleet.quantities import duration_text, money_text

Loc = tuple[int | str, ...]

_TYPES = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "true or false",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a text",
    "tuple_type": "a list",
    "model_type": "a mapping",
    "dict_type": "a mapping",
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One refusal: where (`loc`, keys and list positions), what, and perhaps what to do.

    `of_key` says that the key is wrong, not its value; `of_values` that what is in a mapping does not
    fit together.
    """

    loc: Loc
    message: str
    hint: str | None = None
    of_key: bool = False
    of_values: bool = False


def refusals_of(error: ValidationError, model: type[BaseModel]) -> Iterator[Refusal]:
    """Yield everything that `model` refused."""
    for detail in error.errors(include_url=False):
        loc = tuple(step for step in detail["loc"] if step not in UNION_TAGS)
        yield _refusal(detail["type"], loc, detail.get("input"), detail.get("ctx", {}), model)


def _refusal(kind: str, loc: Loc, value: Any, facts: dict[str, Any], model: type[BaseModel]) -> Refusal:
    name = next((step for step in reversed(loc) if isinstance(step, str)), "fleet")
    if kind == "fleet":
        return Refusal(loc=loc, message=facts["message"], hint=facts["hint"], of_values=True)
    if kind == "missing":
        return Refusal(loc=loc[:-1], message=f"`{name}` is missing")
    if kind == "extra_forbidden":
        return _unknown_key(name, loc, model)
    if kind in _TYPES:
        which = f"an item of `{name}`" if isinstance(loc[-1], int) else f"`{name}`"
        hint = "put it in quotes" if kind == "string_type" and _is_plain(value) else None
        return Refusal(loc=loc, message=f"{which} must be {_TYPES[kind]}, not {_kind(value)}", hint=hint)
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        bound = f"{facts[key]:g}"
        if isinstance(value, str):
            bound = money_text(facts[key]) if value.endswith("USD") else duration_text(facts[key])
        return Refusal(loc=loc, message=f"`{name}` must be {words} {bound}, not {shown(value)}")
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'|(\d+)", facts["expected"])
        words_known = [text or number for text, number in choices]
        hint = did_you_mean(value, words_known) if isinstance(value, str) else None
        allowed = words_known[0] if len(words_known) == 1 else "one of " + ", ".join(words_known)
        return Refusal(loc=loc, message=f"`{name}` must be {allowed}, not {_kind(value)}", hint=hint)
    if kind == "string_pattern_mismatch" and facts.get("pattern") == NAME_PATTERN:
        return Refusal(
            loc=loc,
            message=f"`{value}` is not a name",
            hint="it has letters, digits, `.`, `_` and `-`, and begins with a letter or digit",
        )
    if kind == "string_pattern_mismatch":
        return Refusal(loc=loc, message=f"`{name}` holds a control character")
    if kind == "string_too_long":
        return Refusal(loc=loc, message=f"`{name}` has more than {facts['max_length']} characters")
    if kind == "string_too_short":
        return Refusal(loc=loc, message=f"`{name}` is empty")
    return Refusal(loc=loc, message=f"`{name}`: {facts.get('error', kind)}")


def _unknown_key(name: str, loc: Loc, model: type[BaseModel]) -> Refusal:
    if name == "<<":
        hint: str | None = "write `templates` and `use`, which merge deeply"
    else:
        hint = did_you_mean(name, _keys_at(model, loc[:-1]))
    return Refusal(loc=loc, message=f"unknown key `{name}`", hint=hint, of_key=True)


def _keys_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """Return the keys that are known at a place of a model."""
    kinds: list[Any] = [model]
    for step in loc:
        kinds = [inner for kind in kinds for inner in _stepped(kind, step)]
    return [
        field.alias or name
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, BaseModel)
        for name, field in kind.model_fields.items()
        if not field.exclude
    ]


def _stepped(kind: Any, step: int | str) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [
            inner
            for name, field in kind.model_fields.items()
            if step in (name, field.alias)
            for inner in _members(field.annotation)
        ]
    # A list or a mapping of names: a step leads to what it holds.
    return [inner for argument in get_args(kind) for inner in _members(argument)]


def _members(annotation: Any) -> list[Any]:
    """Return the classes and containers within unions and `Annotated`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    origin = getattr(annotation, "__origin__", None)
    if origin in (tuple, list, dict):
        return [annotation]
    return [inner for argument in get_args(annotation) for inner in _members(argument)]


def _is_plain(value: Any) -> bool:
    return isinstance(value, (bool, int, float))


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "nothing" if value is None or value == "" else f"`{shown(value)}`"
