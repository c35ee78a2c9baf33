"""The edge of the `collector` program: what it is given, and how it ends."""

import os
import sys

from collector.errors import CollectorError


def main() -> None:
    """Run a command and exit with its code."""
    from collector.cli import cli

    try:
        cli(obj=dict(os.environ))
    except CollectorError as error:
        sys.stderr.write(f"collector: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
