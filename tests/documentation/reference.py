"""Writes docs/reference.md: the help of every command, as the programs print it.

Run as `python -m tests.documentation.reference > docs/reference.md`.
"""

import os
import subprocess
import sys
from collections.abc import Iterator

import click

from collector.cli import cli as collector
from orchestrator.cli import cli as orchestrate

WIDTH = 100
INTRODUCTION = """\
# Every command

Printed by `--help`, and held current by a test. Settings by environment: [settings.md](settings.md).
"""
TESTER_COMMANDS: tuple[tuple[str, ...], ...] = ((), ("run",), ("deliver",), ("check",))


def reference() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION]
    for name, command in (("orchestrate", orchestrate), ("collector", collector)):
        parts += [_section(path, text) for path, text in _helps(command, name, None)]
    parts += [_section(" ".join(("tester", *words)), _tester_help(words)) for words in TESTER_COMMANDS]
    return "\n".join(parts)


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    with click.Context(
        command, info_name=name, parent=parent, terminal_width=WIDTH, **command.context_settings
    ) as context:
        yield context.command_path, command.get_help(context)
        if isinstance(command, click.Group):
            for each in command.list_commands(context):
                found = command.get_command(context, each)
                assert found is not None
                yield from _helps(found, each, context)


def _tester_help(words: tuple[str, ...]) -> str:
    return subprocess.run(
        [sys.executable, "-m", "tester", *words, "--help"],
        env=os.environ | {"COLUMNS": str(WIDTH + 2)},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout


def _section(title: str, text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return f"## {title}\n\n```text\n{lines}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
