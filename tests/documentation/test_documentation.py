"""What the documentation says is so."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from collector.verdicts.thresholds import DEFAULTS, Thresholds, read_thresholds
from collector.verdicts.thresholds import variable_of as variable_of_threshold
from orchestrator.patience import Patience, read_patience, variable_of
from tester.flags import FLAGS
from tests.documentation.reference import reference

ROOT = Path(__file__).parent.parent.parent


def variables_in(path: Path, *, prefix: str) -> set[str]:
    """Return the settings that a settings module reads."""
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(rf'"({prefix}[A-Z_]+)"', text))
    asked = re.findall(r'_(?:text|secret|number|boolean)\(\s*environment, "([A-Z_]+)"', text)
    return named | {prefix + name for name in asked}


def test_the_reference_is_what_the_programs_print() -> None:
    written = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")

    assert written == reference(), "renew it: python -m tests.documentation.reference > docs/reference.md"


@pytest.mark.parametrize("package", ["orchestrator", "collector"])
def test_every_setting_is_documented(package: str) -> None:
    prefix = {"orchestrator": "ORCHESTRATE_", "collector": "COLLECTOR_"}[package]
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    found = variables_in(ROOT / package / "settings.py", prefix=prefix) - {prefix}

    assert len(found) >= 5
    assert {name for name in found if f"`{name}`" not in page} == set()


def test_every_deadline_and_its_default_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(ORCHESTRATE_\w+)` \| .* \| ([0-9a-z]+) \|$", page, re.MULTILINE)

    documented = read_patience(dict(rows))

    assert documented == Patience()
    assert {variable_of(item.name) for item in fields(Patience)} <= {name for name, _ in rows}


def test_every_setting_of_the_tester_is_a_flag_and_documented() -> None:
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")

    assert {flag.name for flag in FLAGS if f"--{flag.name} " not in page} == set()


def test_every_threshold_and_its_default_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(COLLECTOR_VERDICT_\w+)` \| .* \| ([0-9.]+) \|$", page, re.MULTILINE)

    assert read_thresholds(dict(rows)) == DEFAULTS
    assert {variable_of_threshold(item.name) for item in fields(Thresholds)} == {name for name, _ in rows}
