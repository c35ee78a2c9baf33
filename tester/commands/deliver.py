"""`tester deliver`: send what a spool holds."""

import argparse
from typing import TextIO
from uuid import UUID

from tester.commands.outlet import open_outlet, reports
from tester.errors import CorruptReport, UsageError
from tester.log import TextLog
from tester.spool import Spool
from tester.stop import Stop
from wire.errors import WireError
from wire.fields import Fields, decode_object


def deliver(
    settings: argparse.Namespace,
    *,
    stdout: TextIO,
    stderr: TextIO,
    stop: Stop,
) -> int:
    """Deliver everything that waits; return the exit code."""
    if settings.spool is None or settings.collector is None:
        raise UsageError("give --spool DIR and --collector URL")
    if not settings.spool.is_dir():
        raise UsageError(f"there is no spool at {settings.spool}")
    tester_id = settings.tester_id or _whose(settings)
    if tester_id is None:
        stdout.write("0 reports delivered: the spool is empty\n")
        return 0
    log = TextLog(stderr)
    outlet = open_outlet(
        settings,
        tester_id=tester_id,
        url=settings.collector,
        insecure=settings.insecure,
        directory=settings.spool,
        heartbeat_every_s=86_400.0,
        log=log,
    )
    before = outlet.outbox.count()
    try:
        outlet.delivery.start()
        outlet.meet()
        outlet.wait_delivered(settings.deliver_for, stop=stop)
    finally:
        outlet.close()
    rejected = outlet.delivery.rejected_now
    delivered = before - outlet.outbox.count() - rejected
    stdout.write(f"{reports(delivered)} delivered" + (f", {rejected} rejected" if rejected else "") + "\n")
    stdout.flush()
    return outlet.outcome(log=log, skipped_count=0, stop=stop)


def _whose(settings: argparse.Namespace) -> UUID | None:
    """Return whose reports these are, by the first that can be read; None for an empty spool."""
    spool = Spool(settings.spool, limit_bytes=2**62)
    try:
        waiting = spool.waiting()
        for report in waiting:
            try:
                return Fields(decode_object(spool.read(report)[1])).uuid("tester_id")
            except (CorruptReport, WireError, OSError):
                continue
    finally:
        spool.close()
    if waiting:
        raise UsageError("no spooled report says whose it is: give --tester-id UUID")
    return None
