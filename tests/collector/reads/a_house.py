"""Short ways to fill a collector through its own routes, and to ask it."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from starlette.testclient import TestClient

from collector.auth import digest_of_token
from collector.settings import Settings
from wire.identity import run_id_of
from wire.job import ProbePlan
from wire.report import LATE, Report, Results

ADMIN = ("admin", "admin-token")
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A row of a report: what one server address answered."""

    server: str
    address: str | None = "192.0.2.1"
    rtt_us: list[int] = field(default_factory=list)
    group: str = "edge"
    late_known: bool = True
    details: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class House:
    """One collector, its client, and short ways to fill it."""

    client: TestClient
    engine: sa.Engine
    settings: Settings

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """Return the JSON of a successful answer."""
        answer = self.client.get(f"/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def refused(self, path: str, **parameters: Any) -> tuple[int, dict[str, Any]]:
        """Return status and JSON of an answer that is an error with a hint."""
        answer = self.client.get(f"/api/v1/{path}", params=parameters)
        body: dict[str, Any] = answer.json()
        assert answer.status_code in (400, 404, 409, 422), answer.text
        assert body["error"]
        assert body["message"]
        assert body["hint"]
        return answer.status_code, body

    def put(self, path: str, body: dict[str, Any]) -> None:
        """Write as the admin."""
        answer = self.client.put(f"/api/v1/{path}", json=body, auth=ADMIN)
        assert answer.status_code in (200, 201), answer.text

    def fleet(self, name: str = "edge-latency", *, servers: list[dict[str, Any]] | None = None) -> UUID:
        """Register a fleet."""
        fleet_id = uuid4()
        spec = {"servers": servers or []}
        self.put(f"fleets/{fleet_id}", {"name": name, "spec": spec, "orchestrator": "me@here"})
        return fleet_id

    def tester(self, fleet_id: UUID, name: str, *, location: dict[str, Any] | None = None) -> UUID:
        """Register a tester; its token is its name."""
        tester_id = uuid4()
        self.put(
            f"testers/{tester_id}",
            {
                "fleet_id": str(fleet_id),
                "name": name,
                "location": None,
                "vps_provider": None,
                "config": {} if location is None else {"location": location},
                "token_sha256": digest_of_token(str(tester_id)),
            },
        )
        return tester_id

    def sweep(self, fleet_id: UUID, *, started_at: datetime = NOON) -> UUID:
        """Begin a sweep."""
        sweep_id = uuid4()
        self.put(
            f"sweeps/{sweep_id}",
            {
                "fleet_id": str(fleet_id),
                "schedule_id": None,
                "due_at": None,
                "spec": {},
                "started_at": started_at.isoformat(),
            },
        )
        return sweep_id

    def report(
        self,
        tester_id: UUID,
        sweep_id: UUID,
        *found: Found,
        index: int = 0,
        started_at: datetime = NOON,
        health: dict[str, Any] | None = None,
    ) -> UUID:
        """Deliver a report as its tester does."""
        run_id = run_id_of(sweep_id=sweep_id, tester_id=tester_id, index=index)
        late = [item.rtt_us.count(LATE) if item.late_known else None for item in found]
        results = Results(
            server=[item.server for item in found],
            group=[item.group for item in found],
            host=[f"{item.server[:200]}.example" for item in found],
            address=[item.address for item in found],
            family=[None if item.address is None else 6 if ":" in item.address else 4 for item in found],
            probe_type=["icmp"] * len(found),
            port=[None] * len(found),
            planned=[len(item.rtt_us) for item in found],
            late=late,
            duplicate=[0] * len(found),
            reordered=[None] * len(found),
            warmup=[False] * len(found),
            rtt_us=list(itertools.chain.from_iterable(item.rtt_us for item in found)),
            details={str(row): item.details for row, item in enumerate(found) if item.details is not None},
        )
        report = Report(
            run_id=run_id,
            tester_id=tester_id,
            sweep_id=sweep_id,
            index=index,
            of=None,
            started_at=started_at,
            finished_at=started_at + timedelta(seconds=4),
            end="complete",
            probe=ProbePlan(),
            engine={"name": "icmplib"},
            health=health or {"trusted": True, "reason": None},
            results=results,
        )
        answer = self.client.put(
            f"/api/v1/runs/{run_id}/report",
            content=report.to_bytes(),
            auth=(str(tester_id), str(tester_id)),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 201, answer.text
        return run_id
