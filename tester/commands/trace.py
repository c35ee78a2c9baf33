"""`tester trace`: which routers stand between here and some servers."""

import argparse
import json
from typing import TextIO

from tester.engine.engines import Engines
from tester.errors import UsageError
from tester.resolve import SystemResolver, rows_of
from tester.stop import Stop
from tester.table import trace_lines
from wire.job import JobServer


def trace(settings: argparse.Namespace, *, stdout: TextIO, stop: Stop) -> int:
    """Trace the path to every address of the hosts; return the exit code: 0 where all were reached."""
    if not settings.host:
        raise UsageError("no server to trace: give --host HOST")
    # The sockets come first: without them, nothing else matters.
    tracer = Engines(sockets=settings.socket).tracer()
    servers = [JobServer(name=host, host=host) for host in dict.fromkeys(settings.host)]
    rows = rows_of(
        servers, ip=settings.ip or "both", resolver=SystemResolver(), give_up=lambda: stop.requested
    )
    addressed = [row for row in rows if row.address is not None]
    found = iter(tracer.trace([row.address for row in addressed if row.address is not None], stop=stop))
    reached = True
    for row in rows:
        if row.address is None:
            answer = {"reached": False, "hops": [], "error": row.error}
        else:
            answer = next(found).to_dict()
        reached = reached and bool(answer["reached"])
        address = None if row.address is None else row.address.text
        if settings.output == "json":
            stdout.write(json.dumps({"host": row.server.host, "address": address, **answer}) + "\n")
        else:
            to = row.server.host if address in (None, row.server.host) else f"{row.server.host} ({address})"
            stdout.write("\n".join(trace_lines(answer, to=to)) + "\n")
    stdout.flush()
    if stop.interrupted:
        return 130
    return 0 if reached else 1
