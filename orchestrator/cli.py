"""The command line: names of commands, and where each of them lives.

Help is printed from this file alone; a command is imported when it is run.
"""

import sys
from dataclasses import dataclass
from importlib import import_module

import click

from orchestrator.errors import OrchestratorError


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Where a command lives, as "module:attribute", and its line in the help."""

    target: str
    help: str


COMMANDS: dict[str, Entry] = {
    "check": Entry(
        target="orchestrator.commands.check:check",
        help="Print what holds; say all that `up` would refuse.",
    ),
    "plan": Entry(
        target="orchestrator.commands.plan:plan_command",
        help="Say what `up` would do.",
    ),
    "up": Entry(
        target="orchestrator.commands.up:up",
        help="Create the testers, run them, watch them, report.",
    ),
    "sweep": Entry(
        target="orchestrator.commands.sweep:sweep",
        help="`up`, drain and `down` as one job with a deadline.",
    ),
    "schedule": Entry(
        target="orchestrator.commands.schedule:schedule",
        help="Sweep by cron: run, list, next, history, systemd.",
    ),
    "status": Entry(
        target="orchestrator.commands.status:status",
        help="Say how the testers of a fleet are.",
    ),
    "watch": Entry(
        target="orchestrator.commands.watch:watch",
        help="Watch the open sweep until its runs are done.",
    ),
    "logs": Entry(
        target="orchestrator.commands.logs:logs",
        help="Print what a tester wrote.",
    ),
    "ssh": Entry(
        target="orchestrator.commands.ssh:ssh",
        help="Open a shell on the host of a tester.",
    ),
    "exec": Entry(
        target="orchestrator.commands.exec:exec_command",
        help="Run a command in the container of a tester.",
    ),
    "down": Entry(
        target="orchestrator.commands.down:down",
        help="Remove everything of a fleet but its results.",
    ),
    "orphans": Entry(
        target="orchestrator.commands.orphans:orphans",
        help="Say what fleets have left at AWS, and remove it.",
    ),
    "forget": Entry(
        target="orchestrator.commands.forget:forget",
        help="Delete state and results of a fleet that has no hosts.",
    ),
    "report": Entry(
        target="orchestrator.commands.report:report",
        help="Print slow regions, the matrix, a path or a run.",
    ),
    "testers": Entry(
        target="orchestrator.commands.testers:testers",
        help="Work on the collector's testers table.",
    ),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click calls it so
        """Return the names in the order of a fleet's life."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Import a command, None for a name that is not known."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="FLEET is a file, or - for stdin; without it ./fleet.yaml, else the collector's testers table.",
)
@click.version_option(package_name="orchestrate-latency", prog_name="orchestrate")
def cli() -> None:
    """Measure latency from every region with a fleet of short-lived testers."""


def show_failure(error: OrchestratorError) -> None:
    """Write the card of what ended a command to stderr."""
    from orchestrator.show.cards import card_text

    sys.stderr.write(card_text(error) + "\n")
