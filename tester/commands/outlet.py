"""The way out for reports, as the arguments describe it."""

import argparse
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from tester.access import parts_of, read_token, refuse_plain_http
from tester.collector import Collector
from tester.deliver import Delivery
from tester.dice import dice
from tester.errors import UsageError
from tester.log import Log
from tester.outbox import Outbox
from tester.resolve import SystemResolver, literal_address
from tester.spool import Spool
from tester.stop import Stop
from tester.units import size_text

MEET_S = 3.0
RESOLVE_S = 3.0
GOODBYE_S, GOODBYE_TO_THE_SILENT_S = 3.0, 0.5
STOPPED_DELIVER_S = 5.0
"""After a stop, how long delivery is tried: who stops a container waits ten seconds for it."""


@dataclass(kw_only=True, slots=True)
class Outlet:
    """A spool, and the thread that empties it."""

    outbox: Outbox
    delivery: Delivery
    tester_id: UUID
    token_file: Path | None
    _url: str | None = None
    _insecure: bool = False

    def point(self, url: str | None, *, insecure: bool) -> None:
        """Use the collector that the job names now; raise `UsageError` where it cannot be used."""
        if (url, insecure) != (self._url, self._insecure):
            self.delivery.point_at(
                None if url is None else _collector(url, self.tester_id, self.token_file, insecure=insecure)
            )
            self._url, self._insecure = url, insecure

    def meet(self) -> None:
        """Wait a moment for the collector; raise `WrongVersion` where it speaks another version."""
        self.delivery.meet(wait_s=MEET_S)

    def wait_delivered(self, deliver_for_s: float, *, stop: Stop) -> None:
        """Wait until everything is delivered, but no longer than was said; a stop makes it short."""
        self.delivery.quiet(for_s=0)
        if not stop.requested and self.delivery.wait_empty(
            wait_s=deliver_for_s, give_up=lambda: stop.requested
        ):
            return
        if stop.requested:
            self.delivery.wait_empty(wait_s=min(deliver_for_s, STOPPED_DELIVER_S), give_up=lambda: False)

    def outcome(self, *, log: Log, skipped_count: int, stop: Stop) -> int:
        """Say what is left and return the exit code."""
        lost = self.outbox.held_count()
        if lost:
            log.error(
                "reports_lost",
                f"{reports(lost)} could be neither delivered nor spooled ({self.outbox.spool_error}): "
                f"{'it is' if lost == 1 else 'they are'} lost; make room in {self.outbox.spool.directory}",
            )
        if self.outbox.count() > lost and self.delivery.collector is not None:
            log.error("reports_spooled", self.what_lies_here(), count=self.outbox.count())
            return 1 if lost else 3
        if lost or self.delivery.rejected_now or skipped_count:
            return 1
        return 130 if stop.interrupted else 0

    def close(self) -> None:
        """Say goodbye and let others use the spool."""
        # What still waits now waited in vain: nobody listens to a goodbye either.
        heard = self.delivery.healthy() and self.outbox.count() == 0
        self.delivery.end(wait_s=GOODBYE_S if heard else GOODBYE_TO_THE_SILENT_S)
        self.outbox.settle()
        self.outbox.spool.close()

    def what_lies_here(self) -> str:
        """Return a sentence on what waits, with the command that sends it."""
        count, spool = self.outbox.count(), self.outbox.spool
        command = ["tester", "deliver", "--spool", str(spool.directory)]
        command += ["--collector", self._url] if self._url else []
        command += ["--tester-id", str(self.tester_id)]
        command += ["--token-file", str(self.token_file)] if self.token_file else []
        command += ["--insecure"] if self._insecure else []
        return (
            f"{reports(count)} {'lies' if count == 1 else 'lie'} in {spool.reports} "
            f"({size_text(self.outbox.waiting_bytes())}), undelivered: "
            f"{self.delivery.last_error or 'no time'}. "
            f"Send {'it' if count == 1 else 'them'} later with\n  {shlex.join(command)}"
        )


def open_outlet(
    settings: argparse.Namespace,
    *,
    tester_id: UUID,
    url: str | None,
    insecure: bool,
    directory: Path,
    heartbeat_every_s: float,
    log: Log,
) -> Outlet:
    """Return the outlet, its thread not yet begun; raise `UsageError`."""
    collector = None if url is None else _collector(url, tester_id, settings.token_file, insecure=insecure)
    limit_bytes = getattr(settings, "spool_limit", 2**62)
    outbox = Outbox(Spool(directory, limit_bytes=limit_bytes))
    delivery = Delivery(
        collector=collector,
        tester_id=tester_id,
        outbox=outbox,
        log=log,
        dice=dice,
        heartbeat_every_s=heartbeat_every_s,
    )
    return Outlet(
        outbox=outbox,
        delivery=delivery,
        tester_id=tester_id,
        token_file=settings.token_file,
        _url=url,
        _insecure=insecure,
    )


def default_spool(tester_id: UUID, environment: Mapping[str, str]) -> Path:
    """Return where reports of a tester wait when nobody says where (XDG base directories)."""
    state = environment.get("XDG_STATE_HOME")
    try:
        home = Path(state) if state else Path.home() / ".local" / "state"
    except RuntimeError:
        raise UsageError("this user has no home directory: give --spool DIR") from None
    return home / "tester" / str(tester_id) / "spool"


def reports(count: int) -> str:
    """Return `1 report`, `2 reports`."""
    return f"{count} report{'' if count == 1 else 's'}"


def _collector(url: str, tester_id: UUID, token_file: Path | None, *, insecure: bool) -> Collector:
    parts_of(url)
    if token_file is None:
        raise UsageError("a collector wants credentials: give --token-file FILE")
    read_token(token_file)
    refuse_plain_http(url, insecure=insecure, resolve=_addresses)
    # Only who has a collector pays for the import of HTTP and TLS.
    from tester.http_collector import HttpCollector

    return HttpCollector(url, tester_id=tester_id, token_file=token_file, insecure=insecure)


def _addresses(host: str) -> list[str]:
    """Return the addresses of a host, none where nobody knows: then each connection is looked at."""
    literal = literal_address(host)
    if literal is not None:
        return [literal.text]
    answer = SystemResolver().answers([host], deadline_s=RESOLVE_S)[host]
    return [address.text for address in answer.addresses]
