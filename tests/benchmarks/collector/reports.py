"""Reports of any size, as a tester sends them and as a textbook would have them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import numpy as np

from wire.fields import time_text
from wire.identity import run_id_of
from wire.job import ProbePlan
from wire.report import COLUMNS, LOST, Report, Results

PROBES = 10
LOSS = 0.003


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """A report, and its two forms."""

    report: Report

    @property
    def run_id(self) -> UUID:
        """Return the id of its run."""
        return self.report.run_id

    @property
    def columnar(self) -> bytes:
        """Return it as a tester sends it."""
        return self.report.to_bytes()

    @property
    def rows(self) -> int:
        """Return how many results it has."""
        return len(self.report.results)

    def by_row(self) -> bytes:
        """Return it as a textbook has it: an object for each result."""
        report, results = self.report, self.report.results
        columns = zip(*(getattr(results, name) for name in COLUMNS), strict=True)
        return json.dumps(
            {
                "run_id": str(report.run_id),
                "tester_id": str(report.tester_id),
                "sweep_id": str(report.sweep_id),
                "index": report.index,
                "started_at": time_text(report.started_at),
                "finished_at": time_text(report.finished_at),
                "end": report.end,
                "results": [
                    dict(zip(COLUMNS, row, strict=True))
                    | {"rtt_us": results.rtt_us[at * PROBES : at * PROBES + PROBES]}
                    for at, row in enumerate(columns)
                ],
            },
            separators=(",", ":"),
        ).encode()


def reports(tester_id: UUID, *, rows: int, seed: int = 7) -> Iterator[Body]:
    """Give one report after another of a tester, soon after each other."""
    chance = np.random.default_rng(seed)
    base_us = np.exp(chance.normal(11, 0.9, (rows, 1))) + 300
    sweep_id = uuid4()
    # An hour that has ended would be rolled up meanwhile.
    begun = datetime.now(UTC) - timedelta(minutes=1)
    names = [f"server-{row:05}" for row in range(rows)]
    for index in count():
        rtt_us = (base_us * (1 + 0.01 * chance.standard_gamma(2, (rows, PROBES)))).astype(np.int32)
        rtt_us[chance.random((rows, PROBES)) < LOSS] = LOST
        report = Report(
            run_id=run_id_of(sweep_id=sweep_id, tester_id=tester_id, index=index),
            tester_id=tester_id,
            sweep_id=sweep_id,
            index=index,
            of=None,
            started_at=begun + timedelta(milliseconds=50 * index),
            finished_at=begun + timedelta(milliseconds=50 * index + 50),
            end="complete",
            probe=ProbePlan(count=PROBES),
            engine={"name": "linux"},
            health={"trusted": True, "reason": None},
            results=Results(
                server=names,
                group=["edge"] * rows,
                host=[f"{name}.example.net" for name in names],
                address=[f"198.18.{row >> 8}.{row & 255}" for row in range(rows)],
                family=[4] * rows,
                probe_type=["icmp"] * rows,
                port=[None] * rows,
                planned=[PROBES] * rows,
                late=[0] * rows,
                duplicate=[0] * rows,
                reordered=[0] * rows,
                warmup=[True] * rows,
                rtt_us=rtt_us.reshape(-1).tolist(),
            ),
        )
        yield Body(report=report)
