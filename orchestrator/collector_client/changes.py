"""What an orchestrator tells a collector: fleets, testers, sweeps, and what became of runs."""

import gzip
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.collector_client.connection import Connection, Json
from orchestrator.collector_client.credentials import Credentials
from wire.report import DIGEST_HEADER, digest_of

API = "/api/v1"
REPORT_DEADLINE_S = 120.0


class CollectorChanges:
    """The endpoints that change something; each needs the admin token, else `ConfigurationError`."""

    def __init__(self, connection: Connection, credentials: Credentials) -> None:
        self._connection = connection
        self._credentials = credentials

    def put_fleet(self, fleet_id: UUID, *, name: str, spec: Mapping[str, Any], orchestrator: str) -> bool:
        """Register a fleet; return whether it is new there.

        Raises `CollectorRefused` with code `fleet_name_taken` where the name has another UUID; its
        body says `fleet_id`, `registered_by` and `registered_at`.
        """
        return self._put(f"/fleets/{fleet_id}", {"name": name, "spec": spec, "orchestrator": orchestrator})

    def put_tester(
        self,
        tester_id: UUID,
        *,
        fleet_id: UUID,
        name: str,
        location: str | None,
        vps_provider: str | None,
        config: Mapping[str, Any],
        token_sha256: str | None,
        keep_tokens: bool = False,
    ) -> bool:
        """Register a tester; return whether it is new there.

        No digest keeps the one it has; `keep_tokens` adds the digest to those it has.
        """
        return self._put(
            f"/testers/{tester_id}",
            {
                "fleet_id": str(fleet_id),
                "name": name,
                "location": location,
                "vps_provider": vps_provider,
                "config": config,
                "token_sha256": token_sha256,
                "keep_tokens": keep_tokens,
            },
        )

    def retire_tester(self, tester_id: UUID) -> None:
        """Take a tester out of its fleet; its results stay."""
        self._post(f"/testers/{tester_id}/retire", {})

    def put_sweep(
        self,
        sweep_id: UUID,
        *,
        fleet_id: UUID,
        spec: Mapping[str, Any],
        started_at: datetime,
        schedule_id: UUID | None = None,
        due_at: datetime | None = None,
    ) -> bool:
        """Open a sweep; return whether it is new there.

        Raises `CollectorRefused` (409) where another orchestrator has started what was due.
        """
        return self._put(
            f"/sweeps/{sweep_id}",
            {
                "fleet_id": str(fleet_id),
                "schedule_id": None if schedule_id is None else str(schedule_id),
                "due_at": None if due_at is None else due_at.isoformat(),
                "spec": spec,
                "started_at": started_at.isoformat(),
            },
        )

    def finish_sweep(
        self, sweep_id: UUID, *, outcome: str, note: str | None = None, cost_usd: float | None = None
    ) -> None:
        """End a sweep as complete, partial, failed, interrupted or skipped.

        `note` says why, `cost_usd` what its hosts cost; None leaves what is known.
        """
        body: dict[str, Any] = {"outcome": outcome}
        if note is not None:
            body["note"] = note
        if cost_usd is not None:
            body["cost_usd"] = cost_usd
        self._post(f"/sweeps/{sweep_id}/finish", body)

    def put_report(self, run_id: UUID, body: bytes, *, deadline_s: float = REPORT_DEADLINE_S) -> Json:
        """Deliver a report (its uncompressed body) that was fetched from a tester.

        Returns `run_id`, `stored` and `repeated`. Raises `CollectorRefused` with status 400, 403,
        409, 410, 413 or 422 for what the collector will never take.
        """
        return self._connection.ask(
            "PUT",
            f"{API}/runs/{run_id}/report",
            auth=self._credentials.for_admin(),
            body=gzip.compress(body, compresslevel=6, mtime=0),
            headers={
                "Content-Type": "application/json",
                "Content-Encoding": "gzip",
                DIGEST_HEADER: digest_of(body),
            },
            deadline_s=deadline_s,
        ).body

    def abandon_run(
        self, run_id: UUID, *, tester_id: UUID, sweep_id: UUID, index: int, of: int | None, reason: str
    ) -> None:
        """Say that a run will not be finished, and why; a finished one stays as it is."""
        self._post(
            f"/runs/{run_id}/abandon",
            {
                "tester_id": str(tester_id),
                "sweep_id": str(sweep_id),
                "index": index,
                "of": of,
                "reason": reason,
            },
        )

    def _put(self, path: str, body: Mapping[str, Any]) -> bool:
        return self._send("PUT", path, body) == 201

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        self._send("POST", path, body)

    def _send(self, method: str, path: str, body: Mapping[str, Any]) -> int:
        return self._connection.ask(
            method,
            API + path,
            auth=self._credentials.for_admin(),
            body=json.dumps(body, ensure_ascii=False, allow_nan=False).encode(),
            headers={"Content-Type": "application/json"},
        ).status
