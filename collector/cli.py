"""The command line: names of commands, and where each of them lives.

Help is printed from this file alone; a command is imported when it is run.
"""

from dataclasses import dataclass
from importlib import import_module

import click


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Where a command lives, as "module:attribute", and its line in the help."""

    target: str
    help: str


COMMANDS: dict[str, Entry] = {
    "serve": Entry(target="collector.commands.serve:serve", help="Take reports and answer questions."),
    "migrate": Entry(target="collector.commands.migrate:migrate", help="Bring the database up to date."),
    "prune": Entry(target="collector.commands.prune:prune_now", help="Remove what is too old, now."),
    "backfill": Entry(target="collector.commands.backfill:backfill", help="Make rollups again."),
    "alerts": Entry(target="collector.commands.alerts:alerts", help="Who is told of what is slow or lossy."),
    "token": Entry(target="collector.commands.token:token", help="Issue, list, rotate and revoke tokens."),
    "import-original": Entry(
        target="collector.commands.import_original:import_original",
        help="Read a database of Data::Latency::Gather.",
    ),
    "ready": Entry(target="collector.commands.ready:ready", help="Is the collector of this machine ready?"),
    "secrets": Entry(target="collector.commands.secrets:secrets", help="Make the secrets of a stack."),
    "testers": Entry(target="collector.commands.testers:testers", help="Work on the testers table."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the overridden signature
        """Return the names in the order of a collector's life."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command, None for a name that is not known."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every setting is an environment variable COLLECTOR_…; each secret also as COLLECTOR_…_FILE.",
)
@click.version_option(package_name="orchestrate-latency", prog_name="collector")
def cli() -> None:
    """Keep the results of testers, and answer questions about them."""
