"""A question to the person, on stderr."""

import click

from orchestrator.errors import ConfigurationError, OrchestratorError
from orchestrator.settings import Edge


class Declined(OrchestratorError):
    """The person said no."""


def ask(question: str, *, yes: bool, edge: Edge) -> None:
    """Return if the answer is yes; raise `Declined`, or `ConfigurationError` where nobody can answer."""
    if yes:
        return
    if not (edge.stdin.isatty() and edge.stderr.isatty()):
        raise ConfigurationError(
            f"nobody is there to answer: {question}",
            cause="this is no terminal",
            next_step="say --yes if that is what you want",
        )
    if not click.confirm(question, err=True):
        raise Declined("nothing was changed")
