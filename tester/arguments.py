"""What the tester was told, by argument or by environment (argument wins)."""

import argparse
from collections.abc import Mapping, Sequence
from typing import NoReturn

from tester import VERSION
from tester.errors import UsageError
from tester.flags import FLAGS


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see `{self.prog} --help`)")


_COMMANDS = {
    "run": "ping servers and report what was found",
    "trace": "say which routers stand between here and servers",
    "deliver": "send the reports that a spool holds",
    "check": "say whether this system lets the tester ping (exit 0), or what would (exit 2)",
}


def read_arguments(argv: Sequence[str], environment: Mapping[str, str]) -> argparse.Namespace:
    """Return the settings, one attribute a flag, and `command`; raise `UsageError`.

    `given` names the flags that somebody gave, in argv or in the environment. An empty variable
    counts as none, since that is what a compose file makes of an unset one.
    """
    found = _parser().parse_args(argv)
    found.given = set()
    for flag in FLAGS:
        if found.command not in flag.commands:
            continue
        raw, source = getattr(found, flag.field), f"--{flag.name}"
        if raw is None and environment.get(flag.variable):
            raw, source = environment[flag.variable], flag.variable
            raw = raw.replace(",", " ").split() if flag.many else raw
        if raw is None:
            setattr(found, flag.field, [] if flag.many else flag.default)
            continue
        found.given.add(flag.name)
        try:
            setattr(found, flag.field, [flag.read(each) for each in raw] if flag.many else flag.read(raw))
        except ValueError as error:
            raise UsageError(f"{source}: {error}") from None
    return found


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tester",
        description="Pings servers and reports what it found.",
        epilog="Every option is also an environment variable: --token-file is TESTER_TOKEN_FILE.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"tester {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar="run|trace|deliver|check", required=True)
    for command, text in _COMMANDS.items():
        sub = commands.add_parser(command, help=text, description=text, allow_abbrev=False)
        for flag in FLAGS:
            if command not in flag.commands:
                continue
            if flag.is_switch:
                sub.add_argument(f"--{flag.name}", action="store_const", const="yes", help=flag.text)
            else:
                action = "append" if flag.many else "store"
                sub.add_argument(f"--{flag.name}", action=action, metavar=flag.metavar, help=flag.text)
    return parser
