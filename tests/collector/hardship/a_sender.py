"""What a tester does with its reports, without the measuring: spool, outbox and delivery as they are."""

import io
import random
from pathlib import Path
from uuid import UUID

from tester.deliver import Delivery
from tester.http_collector import HttpCollector
from tester.log import JsonLog
from tester.outbox import Outbox
from tester.spool import Spool
from tests.collector.a_collector import TESTER_TOKEN
from wire.report import Report

SPOOL_BYTES = 2**30


class Sender:
    """One tester's delivery."""

    def __init__(self, tester_id: UUID, *, url: str, directory: Path, chance: random.Random) -> None:
        directory.mkdir()
        token = directory / "token"
        token.write_text(TESTER_TOKEN)
        token.chmod(0o600)
        self.log = io.StringIO()
        self.spool = Spool(directory / "spool", limit_bytes=SPOOL_BYTES)
        self.outbox = Outbox(self.spool)
        self.delivery = Delivery(
            collector=HttpCollector(url, tester_id=tester_id, token_file=token),
            tester_id=tester_id,
            outbox=self.outbox,
            log=JsonLog(self.log),
            dice=chance.random,
        )

    def put(self, report: Report) -> None:
        self.outbox.put(report.to_bytes(), run_id=report.run_id, started_at=report.started_at)
        self.delivery.wake()

    def close(self) -> None:
        self.delivery.end(wait_s=20)
        self.spool.close()
