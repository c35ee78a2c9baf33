"""The one door to the collector, as the rest of the tester sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from wire.versions import API_VERSION

PREFIX = f"/api/v{API_VERSION}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the collector said; `offset_us` is its clock minus ours, give or take `offset_error_us`."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    retry_after_s: float | None = None
    offset_us: int | None = None
    offset_error_us: int | None = None

    @property
    def error(self) -> str:
        """The collector's code for what was wrong, empty where there is none."""
        return str(self.body.get("error", ""))

    @property
    def is_about_a_report(self) -> bool:
        """Whether a collector wrote it: it says that a report was stored, or names what is wrong."""
        return "repeated" in self.body or bool(self.error)

    @property
    def words(self) -> str:
        """Status and message in one phrase."""
        parts = [
            str(self.status),
            self.error,
            str(self.body.get("message", "")),
            str(self.body.get("hint") or ""),
        ]
        return ": ".join(part for part in parts if part)[:500]


class Collector(Protocol):
    """Takes requests; `url` names it in messages."""

    url: str

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        deadline_s: float,
    ) -> Answer:
        """Return the answer; raise `CollectorAway` where there is none by the deadline."""

    def close(self) -> None:
        """End the connection."""
