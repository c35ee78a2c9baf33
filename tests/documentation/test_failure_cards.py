"""Whoever reads a code on a card finds it in the troubleshooting guide, and finds no other there."""

import re
from importlib import import_module
from pkgutil import walk_packages

import orchestrator
from orchestrator.errors import OrchestratorError
from orchestrator.places.machine.messages import KNOWN
from tests.documentation.pages import ROOT

GUIDE = ROOT / "docs" / "guides" / "troubleshooting.md"


def codes_in_the_source() -> set[str]:
    """Return every code that is written down: of a class, of a message, or where a card is made."""
    written = re.compile(r'\b(?:card_)?code(?: = |=)"([a-z][a-z-]*)"')
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "orchestrator").rglob("*.py"))
    return set(written.findall(text))


def codes_of_classes() -> set[str]:
    for module in walk_packages(orchestrator.__path__, "orchestrator."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    classes = [OrchestratorError]
    for each in classes:
        classes += each.__subclasses__()
    return {
        each.card_code for each in classes if each.card_code and each.__module__.startswith("orchestrator")
    }


def test_every_code_of_a_card_has_an_entry_and_every_entry_a_code() -> None:
    headings = re.findall(r"^### (.+)$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)

    assert len(headings) == len(set(headings))
    assert set(headings) == codes_in_the_source()


def test_no_code_escapes_the_search() -> None:
    found = codes_in_the_source()

    assert {known.code for known in KNOWN} <= found
    assert codes_of_classes() <= found
    assert len({known.code for known in KNOWN}) == len(KNOWN)
