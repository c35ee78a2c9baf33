"""`tester check`: says whether the tester may ping here."""

import argparse
from typing import TextIO

from tester.engine.choose import choose_engine, choose_sockets, families


def check(settings: argparse.Namespace, *, stdout: TextIO) -> int:
    """Say which sockets the system allows; raise `NoPermission` with the remedies where none."""
    kind = choose_sockets(settings.socket)
    words = [f"IPv{family} {reason or 'yes'}" for family, reason in families(kind).items()]
    stdout.write(f"the tester can ping with {kind} sockets: {', '.join(words)}; engine {choose_engine()}\n")
    return 0
