"""Reports in the form that was asked for."""

from collections.abc import Callable
from typing import Any

from orchestrator.show.answer import Answer
from orchestrator.show.documents import csv_text, json_text, markdown_text
from orchestrator.show.html import html_text
from orchestrator.show.matrix import matrix_answer
from orchestrator.show.slow import slow_answer
from orchestrator.show.text_tables import answer_text

DOCUMENTS: dict[str, Callable[[Answer], str]] = {
    "json": json_text,
    "csv": csv_text,
    "markdown": markdown_text,
    "html": html_text,
}
FORMATS = ("table", *DOCUMENTS)


def rendered(answer: Answer, *, form: str, width: int, color: bool) -> str:
    """Return a report as one of `FORMATS`; width and colour are the table's."""
    if form == "table":
        return answer_text(answer, width=width, color=color)
    return DOCUMENTS[form](answer)


def matrix_text(matrix: dict[str, Any], *, width: int, color: bool) -> str:
    """Return what `/matrix` answered as tables of at most `width` columns."""
    return answer_text(matrix_answer(matrix), width=width, color=color)


def slow_text(slow: dict[str, Any], *, width: int, color: bool) -> str:
    """Return what `/slow` answered as tables of at most `width` columns."""
    return answer_text(slow_answer(slow), width=width, color=color)
