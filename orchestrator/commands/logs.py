"""`orchestrate logs`: what a tester, or the embedded collector, wrote."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import click

from orchestrator.commands.choose_fleet import Asked, state_argument
from orchestrator.settings import Edge

POLL_S = 0.2
PART_BYTES = 65_536


@click.command()
@click.argument("tester")
@state_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the tester ends, or Ctrl-C.")
@click.pass_obj
def logs(edge: Edge, tester: str, fleet: str | None, fleet_name: str | None, follow: bool) -> int:
    """Print what TESTER wrote; `collector` means the embedded collector."""
    from orchestrator.commands.choose_fleet import fleet_with_state
    from orchestrator.commands.log_files import log_of

    state = fleet_with_state(Asked(fleet=fleet, name=fleet_name), edge=edge)
    found = log_of(state, tester=tester, edge=edge)
    for part in _parts(found.path, follow=follow, is_over=lambda: not found.is_written()):
        edge.stdout.write(part)
        edge.stdout.flush()
    return 0


def _parts(path: Path, *, follow: bool, is_over: Callable[[], bool]) -> Iterator[str]:
    file = path.open("rb")
    try:
        over = False
        while True:
            while part := file.read(PART_BYTES):
                yield part.decode(errors="replace")
            if over or not follow:
                return
            # One more look after the end: what was written last came before it.
            over = is_over()
            time.sleep(POLL_S)
            # A log that is fetched from another machine is a new file each time. One that is gone
            # went with its host: what was written last is read from the file that we hold.
            with suppress(FileNotFoundError):
                if not os.path.samestat(path.stat(), os.fstat(file.fileno())):
                    offset = file.tell()
                    file.close()
                    file = path.open("rb")
                    file.seek(offset)
    finally:
        file.close()
