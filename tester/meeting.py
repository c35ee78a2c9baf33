"""Who answered at the collector's address, by what it said of itself (pure)."""

from dataclasses import dataclass

from tester import VERSION
from tester.collector import Answer
from wire.versions import API_VERSION, REPORT_VERSION


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
    if api != API_VERSION or (isinstance(reports, list) and REPORT_VERSION not in reports):
        return Doubt(
            event="wrong_version",
            text=f"the collector at {url} speaks API version {api} and reads report versions "
            f"{reports}; this tester ({VERSION}) speaks API version {API_VERSION} and writes report "
            f"version {REPORT_VERSION}: install the tester that belongs to that collector, or update it",
            is_version=True,
        )
    return None
