"""Command lines that pages show are understood by the programs themselves."""

import re
from pathlib import Path

import click
import pytest

from collector.cli import cli as collector
from orchestrator.cli import cli as orchestrate
from tester.arguments import read_arguments
from tester.errors import UsageError
from tests.documentation.pages import PAGES, ROOT, CommandLine, commands_of

GROUPS: dict[str, click.Group] = {"orchestrate": orchestrate, "collector": collector}
STANDS_FOR = {"UUID": "3f0c1f9e-5d1e-4b7a-9a52-0a2f5e8d7c11"}
"""What is put in the place of a word in capitals; for any other one it is a number."""


def refusal_of(command: CommandLine) -> str | None:
    """Return what a program has against a command line, None if nothing."""
    words = [
        STANDS_FOR.get(word, "1") if re.fullmatch(r"[A-Z][A-Z_-]*", word) else word.split("|")[0]
        for word in command.words
    ]
    refusal = _refusal(words, is_whole=command.is_whole)
    if refusal is not None and not command.is_whole and words[-1].startswith("--"):
        # In the middle of a sentence an option may be named without its value.
        return _refusal([*words, "1"], is_whole=False)
    return refusal


def _refusal(call: list[str], *, is_whole: bool) -> str | None:
    name, *words = call
    try:
        if name in GROUPS:
            _understand(GROUPS[name], name, words)
        else:
            read_arguments(words, {})
    except (click.MissingParameter, click.exceptions.NoArgsIsHelpError) as error:
        # Nor has a command there to have all that it needs.
        return str(error) if is_whole else None
    except (click.ClickException, UsageError) as error:
        return str(error)
    except (click.exceptions.Exit, SystemExit):
        pass  # --help and --version
    return None


def _understand(command: click.Command, name: str, words: list[str]) -> None:
    context = command.make_context(name, words)
    while isinstance(command, click.Group):
        found, command, words = command.resolve_command(context, [*context._protected_args, *context.args])  # type: ignore[assignment]
        assert command is not None
        context = command.make_context(found, words, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_line_that_is_shown_is_understood(page: Path) -> None:
    refused = {str(command): why for command in commands_of(page) if (why := refusal_of(command)) is not None}

    assert refused == {}


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("```console\n$ .venv/bin/orchestrate up a.yaml --agian\n```\n", ["orchestrate up a.yaml --agian"]),
        ("```console\n$ X=1 orchestrate sweep --window 0 && true\n```\n", ["orchestrate sweep --window 0"]),
        ("```console\n$ x=$(collector token isue) \n```\n", ["collector token isue"]),
        ("```console\n$ collector token rotate --grace 1h; orchestrate plan # why\n```\n", []),
        ("```console\n$ docker compose exec c python3 -m collector prun\n```\n", ["collector prun"]),
        ("```console\n$ tester run --hots ::1\n```\n", ["tester run --hots ::1"]),
        ("    orchestrate chekc\n", ["orchestrate chekc"]),
        ("Say `orchestrate report path`, or\n`collector serve\n--workers N`.\n", []),
        ("`orchestrate down --fleet-id UUID`, no `orchestrate down --kill`.\n", ["orchestrate down --kill"]),
        ("```text\n$ orchestrate chekc\n```\n", []),
    ],
)  # fmt: skip
def test_what_no_program_understands_is_found(tmp_path: Path, text: str, refused: list[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)

    assert [str(command) for command in commands_of(page) if refusal_of(command) is not None] == refused
