"""A collector with a fleet and a tester in it, and reports for it."""

import base64
import gzip
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from starlette.testclient import TestClient

from collector.auth import digest_of_token
from wire.fields import time_text
from wire.identity import run_id_of
from wire.job import ProbePlan
from wire.report import Report, Results

ADMIN_TOKEN = "admin-token"
TESTER_TOKEN = "tester-token"


def basic(user: object, token: str) -> dict[str, str]:
    """Return the header of Basic Auth."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()}


def a_report(
    tester_id: UUID,
    *,
    sweep_id: UUID | None = None,
    index: int = 0,
    rows: int = 2,
    rtt_us: list[int] | None = None,
    started_at: datetime | None = None,
    end: str = "complete",
    health: dict[str, Any] | None = None,
) -> Report:
    """Return a report of `rows` servers with as many probes each as `rtt_us` says."""
    sweep = uuid4() if sweep_id is None else sweep_id
    probes = [1000, 2000, -1] if rtt_us is None else rtt_us
    start = datetime.now(UTC) - timedelta(seconds=10) if started_at is None else started_at
    return Report(
        run_id=run_id_of(sweep_id=sweep, tester_id=tester_id, index=index),
        tester_id=tester_id,
        sweep_id=sweep,
        index=index,
        of=1,
        started_at=start,
        finished_at=start + timedelta(seconds=5),
        end=end,
        probe=ProbePlan(count=max(1, len(probes))),
        engine={"name": "test"},
        health={"trusted": True, "reason": None} if health is None else health,
        results=Results(
            server=[f"server{row}" for row in range(rows)],
            group=["edge"] * rows,
            host=[f"server{row}.example.net" for row in range(rows)],
            address=[f"192.0.2.{row % 250}" for row in range(rows)],
            family=[4] * rows,
            probe_type=["icmp"] * rows,
            port=[None] * rows,
            planned=[len(probes)] * rows,
            late=[probes.count(-2) or None] * rows,
            duplicate=[None] * rows,
            reordered=[None] * rows,
            warmup=[True] * rows,
            rtt_us=probes * rows,
        ),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Collector:
    """A collector with one fleet and one tester, by the HTTP that others use."""

    client: TestClient
    engine: sa.Engine
    database_url: str
    fleet_id: UUID
    tester_id: UUID

    @property
    def admin(self) -> dict[str, str]:
        return basic("admin", ADMIN_TOKEN)

    @property
    def tester(self) -> dict[str, str]:
        return basic(self.tester_id, TESTER_TOKEN)

    def deliver(
        self,
        report: Report,
        *,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        zipped: bool = False,
    ) -> Any:
        sent = report.to_bytes() if body is None else body
        return self.client.put(
            f"/api/v1/runs/{report.run_id}/report",
            content=gzip.compress(sent) if zipped else sent,
            headers=self.tester | ({"Content-Encoding": "gzip"} if zipped else {}) | (headers or {}),
        )

    def announce(self, report: Report, *, headers: dict[str, str] | None = None, **changed: Any) -> Any:
        body = {
            "v": 1,
            "run_id": str(report.run_id),
            "tester_id": str(report.tester_id),
            "sweep_id": str(report.sweep_id),
            "index": report.index,
            "of": report.of,
            "planned": len(report.results),
            "started_at": time_text(report.started_at),
            "expected_s": 10.0,
        }
        return self.client.put(
            f"/api/v1/runs/{report.run_id}", json=body | changed, headers=self.tester | (headers or {})
        )

    def rows(self, query: sa.Select[Any]) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(query))

    def count(self, table: sa.Table) -> int:
        return int(self.rows(sa.select(sa.func.count()).select_from(table))[0][0])


def register(
    client: TestClient, *, fleet: str = "edge", tester: str = "oslo", token: str = TESTER_TOKEN
) -> tuple[UUID, UUID]:
    """Register a fleet with one tester; return their UUIDs."""
    fleet_id, tester_id = uuid4(), uuid4()
    admin = basic("admin", ADMIN_TOKEN)
    made = client.put(
        f"/api/v1/fleets/{fleet_id}",
        json={"name": fleet, "spec": {"version": 1, "servers": []}, "orchestrator": "me@here"},
        headers=admin,
    )
    assert made.status_code == 201, made.text
    made = client.put(
        f"/api/v1/testers/{tester_id}",
        json={
            "fleet_id": str(fleet_id),
            "name": tester,
            "location": "eu-north-1",
            "config": {"driver": "local"},
            "token_sha256": digest_of_token(token),
        },
        headers=admin,
    )
    assert made.status_code == 201, made.text
    return fleet_id, tester_id
