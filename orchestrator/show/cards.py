"""Failures as cards: what happened, the likely cause, what to do next."""

from orchestrator.errors import OrchestratorError
from orchestrator.events import printable


def card_text(error: OrchestratorError) -> str:
    """Return the card of an error, without colours and without control characters."""
    return card_lines(str(error.what), cause=error.cause, next_step=error.next_step, code=error.card_code)


def card_lines(what: str, *, cause: str = "", next_step: str = "", code: str = "") -> str:
    """Return a card as lines of text; cause, next step and code stand indented below."""
    lines = [printable(line) for line in what.split("\n")]
    for label, text in (("cause: ", cause), ("next:  ", next_step), ("code:  ", code)):
        for number, line in enumerate(text.split("\n") if text else []):
            lead = label if number == 0 else " " * len(label)
            lines.append(f"  {lead}{printable(line)}")
    return "\n".join(lines)
