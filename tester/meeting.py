"""Who answered at the collector's address, by what it said of itself (pure)."""

from dataclasses import dataclass
from typing import Any

from tester import VERSION
from tester.collector import Answer
from wire.versions import API_VERSION, REPORT_VERSION, api_versions_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """Why nothing is sent there now; `is_version` says that waiting will not mend it."""

    event: str
    text: str
    is_version: bool = False


def doubt_about(answer: Answer, *, url: str) -> Doubt | None:
    """Return what speaks against the program that answered `GET /healthz`, None where nothing does."""
    api, reports = answer.body.get("api_version"), answer.body.get("report_versions")
    if answer.status >= 500 or answer.status == 429:
        return Doubt(event="collector_busy", text=f"{url}: {answer.words}")
    if answer.status != 200 or api is None:
        return Doubt(
            event="not_a_collector",
            text=f"{url} is no collector of this project (GET /healthz: {answer.status}); "
            "see what listens there, or give another --collector",
        )
    apis = api_versions_of(answer.body)
    reads = [each for each in reports if type(each) is int] if isinstance(reports, list) else None
    if API_VERSION not in apis or (reads is not None and REPORT_VERSION not in reads):
        reads_less = reads is not None and max(reads, default=0) < REPORT_VERSION
        is_older = max(apis, default=0) < API_VERSION or reads_less
        return Doubt(
            event="wrong_version",
            text=f"the collector at {url} speaks API version {_words(apis)} and reads report versions "
            f"{_words(reads)}; this tester ({VERSION}) speaks API version {API_VERSION} and writes report "
            f"version {REPORT_VERSION}: "
            + ("upgrade the collector" if is_older else "install a tester of that collector's release"),
            is_version=True,
        )
    return None


def _words(versions: Any) -> str:
    return ", ".join(str(version) for version in versions or ()) or "none"
