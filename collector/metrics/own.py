"""What a collector counts of its own work.

One set for each application. Where `PROMETHEUS_MULTIPROC_DIR` was set when the library was imported,
the figures lie in files there, and whoever is asked adds up those of all processes, also of ones
that have ended.
"""

import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, values
from prometheus_client.multiprocess import MultiProcessCollector

from collector.history.partitions import PARTITIONED

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LAST_SUCCESS = "collector_rollup_last_success_timestamp_seconds"

STORED = "stored"
REPEATED = "repeated"
COMMITTED = "committed"
FAILED = "failed"
VERDICTS = "verdicts"
"""What else retention removes."""


class OwnMetrics:
    """Counters and gauges of one collector; every method may be called from any thread."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        # The library has decided when it was imported: it would not notice the variable any more.
        if values.ValueClass is not values.MutexValue:
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]  # the library's own gap
            registry = None
        else:
            registry = self._registry
        self._reports = Counter(
            "collector_reports_total",
            "Reports that were acknowledged: stored, or repeated where the same one was stored already.",
            ["outcome"],
            registry=registry,
        )
        self._refused = Counter(
            "collector_reports_refused_total",
            "Reports that were refused, by the code of the answer.",
            ["code"],
            registry=registry,
        )
        self._results = Counter(
            "collector_results_stored_total",
            "Results that were stored: one for each server address of a report.",
            registry=registry,
        )
        self._waiting = Gauge(
            "collector_reports_waiting",
            "Reports in the queue for the database.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._transactions = Histogram(
            "collector_report_transaction_seconds",
            "How long transactions that store reports took, by their outcome: committed or failed.",
            ["outcome"],
            buckets=BUCKETS_S,
            registry=registry,
        )
        self._requests = Histogram(
            "collector_request_seconds",
            "How long requests took, until the last byte of the answer was handed on.",
            ["method", "route", "status"],
            buckets=BUCKETS_S,
            registry=registry,
        )
        self._authentication = Counter(
            "collector_authentication_failures_total",
            "Requests whose credentials were missing, wrong or not enough, by the code of the answer.",
            ["code"],
            registry=registry,
        )
        self._streams = Gauge(
            "collector_event_streams",
            "Event streams that are open.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._rollups = Counter(
            "collector_rollups_total",
            "Rollups that were made: hours of one tester, summed up.",
            registry=registry,
        )
        self._rolled_up = Gauge(
            LAST_SUCCESS,
            "When the rollup job last ended without a failure.",
            registry=registry,
            multiprocess_mode="max",
        )
        self._removals = Counter(
            "collector_retention_removals_total",
            "What retention removed of a table: partitions on Postgres, rounds that removed rows on SQLite.",
            ["table"],
            registry=registry,
        )
        self._failures = Counter(
            "collector_database_failures_total",
            "Requests and housekeeping that the database failed, by the code of the answer.",
            ["code"],
            registry=registry,
        )
        self._occasions = Counter(
            "collector_alert_occasions_total",
            "Rounds and ends of sweeps that were held against the rules on alerts.",
            registry=registry,
        )
        self._alerts = Counter(
            "collector_alert_attempts_total",
            "Attempts to tell a receiver: delivered, failed where another follows, or given_up.",
            ["receiver", "outcome"],
            registry=registry,
        )
        self._alerts_waiting = Gauge(
            "collector_alerts_waiting",
            "Messages that wait for their receivers, of all collectors on the database.",
            registry=registry,
            multiprocess_mode="max",
        )
        for outcome in (STORED, REPEATED):
            self._reports.labels(outcome)
        for outcome in (COMMITTED, FAILED):
            self._transactions.labels(outcome)
        for periods in PARTITIONED:
            self._removals.labels(periods.table)
        self._removals.labels(VERDICTS)

    def families(self) -> Iterable[Metric]:
        """Give all families, with their figures of now."""
        for metric in self._registry.collect():
            # When a series began is not worth a series. A time that never was is no time.
            metric.samples = [
                sample
                for sample in metric.samples
                if not sample.name.endswith("_created") and (sample.value or sample.name != LAST_SUCCESS)
            ]
            yield metric

    def stored(self, *, results: int) -> None:
        """Count a report that was stored."""
        self._reports.labels(STORED).inc()
        self._results.inc(results)

    def repeated(self) -> None:
        """Count a report that was there already."""
        self._reports.labels(REPEATED).inc()

    def report_refused(self, code: str) -> None:
        """Count a report that was refused."""
        self._refused.labels(code).inc()

    def reports_wait(self, count: int) -> None:
        """Take note of how many reports wait in this process."""
        self._waiting.set(count)

    def transaction(self, *, committed: bool, seconds: float) -> None:
        """Count a transaction that stores reports."""
        self._transactions.labels(COMMITTED if committed else FAILED).observe(seconds)

    def request(self, *, method: str, route: str, status: str, seconds: float) -> None:
        """Count a request; `route` is a template, so that there is a bounded number of them."""
        self._requests.labels(method, route, status).observe(seconds)

    def authentication_failed(self, code: str) -> None:
        """Count a request without the credentials that it needs."""
        self._authentication.labels(code).inc()

    def stream_opened(self) -> None:
        """Count an event stream."""
        self._streams.inc()

    def stream_ended(self) -> None:
        """Count it no more."""
        self._streams.dec()

    def rolled_up(self, hours: int) -> None:
        """Take note of a round of the rollup job that has ended well."""
        self._rollups.inc(hours)
        self._rolled_up.set(time.time())

    def removed(self, table: str) -> None:
        """Count what retention removed."""
        self._removals.labels(table).inc()

    def occasions(self, count: int) -> None:
        """Count what was held against the rules on alerts."""
        self._occasions.inc(count)

    def alert_told(self, receiver: str, outcome: str) -> None:
        """Count an attempt to tell a receiver; their names are those of one file."""
        self._alerts.labels(receiver, outcome).inc()

    def alerts_wait(self, count: int) -> None:
        """Take note of how many messages wait."""
        self._alerts_waiting.set(count)

    def database_failed(self, code: str) -> None:
        """Count a failure of the database."""
        self._failures.labels(code).inc()
