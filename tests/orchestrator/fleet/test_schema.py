"""The JSON Schema that editors use."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from orchestrator.fleet.schema import schema_text

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "fleet.schema.json").read_text(encoding="utf-8"))


def test_the_schema_in_the_repository_is_current() -> None:
    assert (ROOT / "fleet.schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_shipped_file_is_valid() -> None:
    document = yaml.safe_load((ROOT / "fleet.yaml").read_text(encoding="utf-8"))

    assert list(Draft202012Validator(SCHEMA).iter_errors(document)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "x", "tester": []},
        {"name": "x", "testers": [{"name": "a", "probe": {"count": 0}}]},
        {"name": "x", "testers": [{"name": "a", "references": {}}]},
        {"name": "x", "run": {"every": "soon"}},
        {"name": "x", "run": "twice"},
        {"testers": []},
    ],
)
def test_an_editor_sees_what_the_reader_would_refuse(wrong: dict[str, object]) -> None:
    assert not Draft202012Validator(SCHEMA).is_valid(wrong)


@pytest.mark.parametrize(
    "right",
    [
        {"name": "x", "run": "forever"},
        {"name": "x", "run": {"repeat": "forever"}},
        {"name": "x", "testers": [{"name": "a", "use": "t", "count": "${N}", "probe": {"ip": 4}}]},
        {"name": "x", "servers": [{"from": "testers"}]},
        {"name": "x", "profiles": {"p": {"testers": ["a"], "probe": {"interval": "${I:-1s}"}}}},
    ],
)
def test_an_editor_takes_what_the_reader_takes(right: dict[str, object]) -> None:
    assert list(Draft202012Validator(SCHEMA).iter_errors(right)) == []


def described(value: dict[str, str]) -> bool:
    part = SCHEMA["$defs"].get(value.get("$ref", "").rpartition("/")[2], {})
    return bool(value.get("description") or part.get("description"))


def test_every_key_is_described() -> None:
    bare = [
        f"{name}.{key}"
        for name, part in [("file", SCHEMA), *SCHEMA["$defs"].items()]
        for key, value in part.get("properties", {}).items()
        if not described(value)
    ]

    assert bare == []


def test_every_key_stands_in_the_shipped_file() -> None:
    text = (ROOT / "fleet.yaml").read_text(encoding="utf-8")
    keys = {
        key
        for part in [SCHEMA, *SCHEMA["$defs"].values()]
        for key in part.get("properties", {})
        if key != "$schema"
    }

    assert [key for key in sorted(keys) if f"{key}:" not in text] == []
