"""Every example is a fleet that `check --offline` has nothing against; so is the manual."""

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from orchestrator.__main__ import main
from orchestrator.fleet.schema import schema_text
from tests.documentation.pages import ROOT
from tests.orchestrator.places.machine.a_machine import real_program

EXAMPLES = (ROOT / "fleet.yaml", *sorted((ROOT / "examples").glob("*.yaml")))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_not_refused(
    example: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    may_ping: None,
) -> None:
    text = example.read_text(encoding="utf-8")
    for variable in re.findall(r"\$\{([A-Z_]+)\}", text):
        monkeypatch.setenv(variable, "something")
    monkeypatch.setenv("ORCHESTRATE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("ORCHESTRATE_DOCKER_MACHINE", real_program())

    code = main(["check", "--offline", str(example)])

    assert code == 0, capsys.readouterr().err
    assert list(Draft202012Validator(json.loads(schema_text())).iter_errors(yaml.safe_load(text))) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_says_what_it_is_before_its_first_key(example: Path) -> None:
    lead = example.read_text(encoding="utf-8").partition("\nversion: ")[0].splitlines()

    assert lead[0].startswith("# yaml-language-server: $schema=")
    assert (example.parent / lead[0].partition("=")[2]).resolve() == ROOT / "fleet.schema.json"
    assert len(lead) > 1
    assert all(line.startswith("#") or not line for line in lead)


def test_every_example_is_named_by_a_page() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md"))

    assert {path.name for path in EXAMPLES if f"examples/{path.name}" not in pages} <= {"fleet.yaml"}
