"""Prints the JSON Schema of a fleet file: `python -m orchestrator.fleet.schema > fleet.schema.json`."""

import json
import sys
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from orchestrator.fleet.document import Document

_REFERENCE = {"$ref": "#/$defs/Reference"}
_BOUNDS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum"}
_TYPED = ("integer", "number", "boolean")


def schema_text() -> str:
    """Return the schema as the repository holds it."""
    schema = Document.model_json_schema(by_alias=True, mode="validation")
    definitions = schema.pop("$defs")
    definitions = {name: _part(part) for name, part in sorted(definitions.items())}
    definitions["Reference"] = {"type": "string", "pattern": r"\$\{[^}]+\}"}
    whole = {"$schema": GenerateJsonSchema.schema_dialect, **_part(schema), "title": "fleet.yaml"}
    return json.dumps(whole | {"$defs": definitions}, indent=2, sort_keys=True) + "\n"


def _part(part: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping of the schema as people write it, with `${VAR}` wherever a value may stand."""
    part = {key: value for key, value in part.items() if key not in ("title", "default")}
    if "properties" in part:
        part["properties"] = {
            name: _with_references(_shorthand(name, value))
            for name, value in part["properties"].items()
            if name != "references"
        }
    return part


def _shorthand(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """Add the words that stand for a mapping, and the names that stand for themselves."""
    if name == "run":
        return {"anyOf": [value, {"enum": ["once", "forever"]}], "description": value.get("description", "")}
    if name == "from":
        return value | {"type": "string", "const": "testers"}
    if name == "repeat":
        return value | {"anyOf": [*value["anyOf"], {"const": "forever"}]}
    if name == "ip":
        return value | {"type": ["string", "integer"], "enum": ["4", "6", "both", 4, 6]}
    return value


def _with_references(value: dict[str, Any]) -> dict[str, Any]:
    """Return a property's schema that takes a `${VAR}` as well, wherever a text would not do."""
    value = _bounded({key: inner for key, inner in value.items() if key not in ("title", "default")})
    description = {"description": value.pop("description")} if "description" in value else {}
    if value.get("type") in _TYPED or "pattern" in value or "enum" in value or "const" in value:
        return {"anyOf": [value, _REFERENCE], **description}
    if "anyOf" in value and any(inner.get("type") in _TYPED for inner in value["anyOf"]):
        return {"anyOf": [*value["anyOf"], _REFERENCE], **description}
    return value | description


def _bounded(value: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with the bounds that pydantic leaves under its own names behind a validator."""
    if "anyOf" in value:
        return value | {"anyOf": [_bounded(inner) for inner in value["anyOf"]]}
    value = {_BOUNDS.get(key, key): inner for key, inner in value.items()}
    # A duration or an amount is a text in a file; its bounds count once it is read.
    if value.get("type") == "string":
        return {key: inner for key, inner in value.items() if key not in _BOUNDS.values()}
    return value


if __name__ == "__main__":
    sys.stdout.write(schema_text())
