"""The collector's endpoints, one method each; those that change something stand in `changes`."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import UUID

from orchestrator.collector_client.changes import API, CollectorChanges
from orchestrator.collector_client.connection import Connection, Json
from orchestrator.collector_client.credentials import Credentials
from orchestrator.collector_client.errors import NotACollector, WrongVersion
from orchestrator.collector_client.stream import EventStream
from wire.versions import API_VERSION, REPORT_VERSION, api_versions_of

PAGE = 1_000
DEADLINE_S = 30.0

Key = UUID | str
"""A UUID, or a name where the collector takes one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """What `/healthz` says of a collector."""

    instance_id: str
    version: str
    api_version: int
    api_versions: tuple[int, ...]
    report_versions: tuple[int, ...]


class CollectorClient(CollectorChanges):
    """A collector, asked and told by an orchestrator.

    Every method raises `CollectorUnreachable`, `CollectorRefused` or `NotACollector`, and those that
    change something `ConfigurationError` where there is no admin token. Each request ends within
    `deadline_s` seconds, twice that at the latest. To be used as a context manager.
    """

    def __init__(
        self,
        url: str,
        *,
        admin_token: str | None = None,
        reader_token: str | None = None,
        insecure: bool = False,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        super().__init__(
            Connection(url, insecure=insecure, deadline_s=deadline_s),
            Credentials(admin_token=admin_token, reader_token=reader_token),
        )

    @property
    def url(self) -> str:
        """The collector's URL, without a final slash."""
        return self._connection.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""
        self._connection.close()

    def healthz(self, *, deadline_s: float | None = None, tries: int | None = None) -> Health:
        """Return who answers there; `tries=1` asks once, for those who wait in a loop of their own."""
        body = self._connection.ask("GET", "/healthz", deadline_s=deadline_s, tries=tries).body
        versions = body.get("report_versions")
        if not (
            isinstance(body.get("instance_id"), str)
            and isinstance(body.get("api_version"), int)
            and isinstance(versions, list)
            and all(isinstance(version, int) for version in versions)
        ):
            raise NotACollector(url=self.url, cause="its /healthz does not say who it is")
        return Health(
            instance_id=body["instance_id"],
            version=str(body.get("version", "")),
            api_version=body["api_version"],
            api_versions=api_versions_of(body),
            report_versions=tuple(versions),
        )

    def check_version(self, *, deadline_s: float | None = None, tries: int | None = None) -> Health:
        """Return who answers there; raise `WrongVersion` where we would not understand each other."""
        health = self.healthz(deadline_s=deadline_s, tries=tries)
        for what, theirs, ours in (
            ("API version", health.api_versions, API_VERSION),
            ("report version", health.report_versions, REPORT_VERSION),
        ):
            if ours not in theirs:
                raise WrongVersion(url=self.url, what=what, theirs=theirs, ours=ours, version=health.version)
        return health

    def readyz(self, *, deadline_s: float | None = None, tries: int | None = None) -> Json:
        """Return the state of its database; raises `CollectorRefused` (503) while it is not ready."""
        return self._connection.ask("GET", "/readyz", deadline_s=deadline_s, tries=tries).body

    def fleets(self, *, name: str | None = None) -> list[Json]:
        """Return the fleets that are registered, or the one of that name."""
        return [*self._pages("/fleets", "fleets", {"name": name}, limit=None)]

    def testers(self, *, fleet: Key | None = None, include_retired: bool = False) -> list[Json]:
        """Return the testers table, or one fleet's part of it."""
        asked = {"fleet": fleet, "include_retired": include_retired}
        return [*self._pages("/testers", "testers", asked, limit=None)]

    def sweeps(self, *, fleet: Key | None = None, limit: int | None = None) -> Iterator[Json]:
        """Yield sweeps, the newest first, at most `limit`."""
        return self._pages("/sweeps", "sweeps", {"fleet": fleet}, limit=limit)

    def sweep(self, sweep_id: UUID) -> Json:
        """Return one sweep."""
        return self._get(f"/sweeps/{sweep_id}")

    def runs(
        self,
        *,
        sweep_id: UUID | None = None,
        fleet: Key | None = None,
        tester: Key | None = None,
        state: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Json]:
        """Yield runs, at most `limit`."""
        asked = {"sweep_id": sweep_id, "fleet": fleet, "tester": tester, "state": state}
        return self._pages("/runs", "runs", asked, limit=limit)

    def run(self, run_id: UUID) -> Json:
        """Return one run with its results."""
        return self._get(f"/runs/{run_id}")

    def results(
        self,
        *,
        fleet: Key | None = None,
        sweep_id: UUID | None = None,
        run_id: UUID | None = None,
        tester: Key | None = None,
        server: Key | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[Json]:
        """Yield results, at most `limit`."""
        asked = {
            "fleet": fleet,
            "sweep_id": sweep_id,
            "run_id": run_id,
            "tester": tester,
            "server": server,
            "since": since,
            "until": until,
        }
        return self._pages("/results", "results", asked, limit=limit)

    def servers(self, *, fleet: Key | None = None) -> list[Json]:
        """Return the server addresses that were measured."""
        return [*self._pages("/servers", "servers", {"fleet": fleet}, limit=None)]

    def matrix(
        self,
        *,
        fleet: Key | None = None,
        sweep_id: UUID | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Json:
        """Return testers against servers; of the fleet's newest sweep where no time is asked for."""
        return self._get("/matrix", {"fleet": fleet, "sweep_id": sweep_id, "since": since, "until": until})

    def path(
        self,
        *,
        tester: Key,
        server: Key,
        fleet: Key | None = None,
        address: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        resolution: str | None = None,
        points: int | None = None,
    ) -> Json:
        """Return the history of one tester and one server."""
        asked: dict[str, object] = {"tester": tester, "server": server, "fleet": fleet, "address": address}
        asked |= {"since": since, "until": until, "limit": limit}
        return self._get("/path", asked | {"resolution": resolution, "points": points})

    def slow(
        self,
        *,
        fleet: Key | None = None,
        sweep_id: UUID | None = None,
        since: datetime | None = None,
        by: str | None = None,
    ) -> Json:
        """Return regions and paths, the slowest first."""
        return self._get("/slow", {"fleet": fleet, "sweep_id": sweep_id, "since": since, "by": by})

    def verdicts(
        self, *, fleet: Key | None = None, scope: str, until: datetime, limit: int
    ) -> Iterator[Json]:
        """Yield the verdicts on regions, servers or paths, those of the newest round first."""
        asked = {"fleet": fleet, "scope": scope, "until": until}
        return self._pages("/verdicts", "verdicts", asked, limit=limit)

    def diff(self, *, before: UUID, after: UUID) -> Json:
        """Return what changed from one sweep to another."""
        return self._get("/diff", {"a": before, "b": after})

    def events(self, *, after: str = "", silent_s: float) -> AbstractContextManager[EventStream]:
        """Open the stream of what happens at the collector, behind event `after`, empty: from now on.

        What is silent for `silent_s` seconds is given up: a collector says something every 15.
        """
        auth = self._credentials.for_reading()
        return self._connection.events(f"{API}/events", auth=auth, after=after, silent_s=silent_s)

    def _get(self, path: str, params: Mapping[str, object] | None = None) -> Json:
        auth = self._credentials.for_reading()
        return self._connection.ask("GET", API + path, auth=auth, params=params).body

    def _items(self, body: Json, name: str) -> list[Json]:
        items = body.get(name)
        if not isinstance(items, list):
            raise NotACollector(url=self.url, cause=f"its answer has no list of {name}")
        return items

    def _pages(
        self, path: str, name: str, params: Mapping[str, object], *, limit: int | None
    ) -> Iterator[Json]:
        left = limit
        cursor: str | None = None
        while left is None or left > 0:
            size = PAGE if left is None else min(left, PAGE)
            body = self._get(path, {**params, "limit": size, "cursor": cursor})
            items = self._items(body, name)[:left]
            yield from items
            left = None if left is None else left - len(items)
            following = body.get("next")
            if following is None:
                return
            if following == cursor or not items:
                # A cursor that stands still would be a loop without an end.
                raise NotACollector(url=self.url, cause=f"its pages of {name} do not end")
            cursor = str(following)
