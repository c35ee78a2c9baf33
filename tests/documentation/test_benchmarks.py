"""The figures that people read are those of a run, and nobody typed them."""

import json

from tests.benchmarks.tables import FULL, KEPT, README, full, readme_with


def test_the_tables_are_those_of_the_figures() -> None:
    figures = json.loads(KEPT.read_text(encoding="utf-8"))
    text = README.read_text(encoding="utf-8")

    assert readme_with(text, figures) == text
    assert FULL.read_text(encoding="utf-8") == full(figures)
    assert figures["parts"]["ping"]
