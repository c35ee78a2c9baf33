"""The answer to a scrape, in pieces."""

import zlib
from collections.abc import Iterable, Iterator
from platform import python_version

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from collector.metrics.latest_runs import LatestRuns
from collector.metrics.own import OwnMetrics
from collector.metrics.ping import ping_text

PLAIN = CONTENT_TYPE_PLAIN_0_0_4
OPENMETRICS = openmetrics.CONTENT_TYPE_LATEST
END = b"# EOF\n"
PIECE = 2**17


def content_type_for(accept: str) -> str:
    """Return the format that a reader prefers: the first of its list that there is."""
    for kind in accept.split(","):
        name = kind.partition(";")[0].strip().lower()
        if name == "application/openmetrics-text":
            return OPENMETRICS
        if name == "text/plain":
            return PLAIN
    return PLAIN


def page(
    own: OwnMetrics, found: LatestRuns | None, *, version: str, database: str, content_type: str
) -> Iterator[bytes]:
    """Give the whole text; `found` is None where the database is away, and so are its figures then."""
    families = _Families([*_about(found, version=version, database=database), *own.families()])
    if content_type == OPENMETRICS:
        text: bytes = openmetrics.generate_latest(families)  # type: ignore[no-untyped-call]  # the library's own gap
        yield text.removesuffix(END)
    else:
        yield generate_latest(families)
    if found is not None:
        yield from _in_pieces(ping_text(found))
    if content_type == OPENMETRICS:
        yield END


def zipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give gzip of what comes: labels repeat themselves, so that the fastest level does."""
    packer = zlib.compressobj(level=1, wbits=31)
    for piece in pieces:
        packed = packer.compress(piece)
        if packed:
            yield packed
    yield packer.flush()


def _about(found: LatestRuns | None, *, version: str, database: str) -> Iterator[Metric]:
    build = GaugeMetricFamily(
        "collector_build_info",
        "1; the labels say what runs here.",
        labels=("version", "python", "database"),
    )
    build.add_metric((version, python_version(), database), 1)
    yield build
    yield GaugeMetricFamily(
        "collector_database_up",
        "Whether the database answered this scrape (1); where not (0), figures from it are missing.",
        value=0 if found is None else 1,
    )
    if found is not None:
        yield GaugeMetricFamily(
            "collector_rollup_waiting_runs",
            "Runs of hours that have ended that are not in the rollups yet.",
            value=found.not_rolled_up,
        )


def _in_pieces(texts: Iterable[str]) -> Iterator[bytes]:
    waiting: list[str] = []
    size = 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size >= PIECE:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    if waiting:
        yield "".join(waiting).encode()


class _Families(Collector):
    """Families that were collected, for the library's two writers."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """Give them."""
        return self._families
