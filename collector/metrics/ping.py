"""The newest results in ping_exporter's names, line by line.

The names, labels and units are those of ping_exporter, so that panels made for it work; `tester` and
`fleet` say who measured. The lines are written here and not by the library, which makes an object of
every one: a thousand testers with a hundred servers each are half a million.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from collector.metrics.latest_runs import LatestRun, LatestRuns
from collector.tables import RESULT_STATES


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """A gauge: its name and its help."""

    name: str
    help: str

    @property
    def head(self) -> str:
        """Return what stands above its lines, in either format."""
        return f"# HELP {self.name} {self.help}\n# TYPE {self.name} gauge\n"


RTTS = {
    "min_us": Family(name="ping_rtt_best_seconds", help="The smallest RTT of the newest run."),
    "max_us": Family(name="ping_rtt_worst_seconds", help="The largest RTT of the newest run."),
    "mean_us": Family(name="ping_rtt_mean_seconds", help="The mean RTT of the newest run."),
    "dev_us": Family(
        name="ping_rtt_std_deviation_seconds", help="The standard deviation of the RTTs of the newest run."
    ),
}
LOSS = Family(
    name="ping_loss_ratio", help="Probes of the newest run without an answer in time, of those sent: 0 to 1."
)
LAST_RUN = Family(
    name="ping_last_run_timestamp_seconds", help="When the newest run with results of a tester began."
)
TRUSTED = Family(
    name="ping_last_run_trusted", help="Whether that run is trusted (1); figures of others (0) are not shown."
)
SERVERS = Family(
    name="ping_last_run_servers", help="Server addresses of that run, by what was found of them."
)
FAMILIES = (*RTTS.values(), LOSS, LAST_RUN, TRUSTED, SERVERS)


def ping_text(found: LatestRuns) -> Iterator[str]:
    """Give the text of all families, a piece for each tester."""
    labels = {number: server_labels(row) for number, row in found.servers.items()}
    shown = [run for run in found.runs if run.figures]
    for column, family in RTTS.items():
        yield family.head
        for run in shown:
            yield _rtt_lines(family, run, column, labels)
    yield LOSS.head
    for run in shown:
        yield _loss_lines(run, labels)
    yield LAST_RUN.head
    for run in found.runs:
        yield f"{_begun(LAST_RUN, run)}}} {run.started_at.timestamp()!r}\n"
    yield TRUSTED.head
    for run in found.runs:
        yield f"{_begun(TRUSTED, run)}}} {int(run.trusted)}\n"
    yield SERVERS.head
    for run in shown:
        yield _state_lines(run)


def server_labels(row: sa.Row[Any]) -> str:
    """Return the labels of a server and the end of their braces.

    Only a server that is probed by TCP has the labels `port` and `probe_type`: Prometheus takes an
    empty label for none, and ping_exporter's panels know neither.
    """
    text = (
        f'target="{escaped(row.name)}",ip="{escaped(row.ip_addr or "")}",'
        f'ip_version="{"" if row.family is None else row.family}"'
    )
    if row.port is not None:
        text += f',port="{row.port}",probe_type="{escaped(row.probe_type)}"'
    return text + "} "


def escaped(text: str) -> str:
    """Return a label's value as it stands between quotes.

    No reader could take a NUL, which the collector takes from nobody either.
    """
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"").replace("\x00", "\ufffd")


def _begun(family: Family, run: LatestRun) -> str:
    return f'{family.name}{{fleet="{escaped(run.fleet)}",tester="{escaped(run.tester)}"'


def _rtt_lines(family: Family, run: LatestRun, column: str, labels: dict[int, str]) -> str:
    columns = run.columns()
    # Silence is no 0: a server that did not answer has no RTT.
    answered = columns["answered"] > 0
    servers = columns["server"][answered].tolist()
    seconds = (columns[column][answered] / 1e6).tolist()
    begun = _begun(family, run)
    return "".join(
        [f"{begun},{labels[server]}{value!r}\n" for server, value in zip(servers, seconds, strict=True)]
    )


def _loss_lines(run: LatestRun, labels: dict[int, str]) -> str:
    columns = run.columns()
    sent = columns["sent"]
    probed = sent > 0
    servers = columns["server"][probed].tolist()
    ratios = ((sent - columns["answered"])[probed] / sent[probed]).tolist()
    begun = _begun(LOSS, run)
    return "".join(
        [f"{begun},{labels[server]}{value!r}\n" for server, value in zip(servers, ratios, strict=True)]
    )


def _state_lines(run: LatestRun) -> str:
    counts = np.bincount(run.columns()["state"], minlength=len(RESULT_STATES)).tolist()
    begun = _begun(SERVERS, run)
    return "".join(
        [f'{begun},state="{state}"}} {count}\n' for state, count in zip(RESULT_STATES, counts, strict=True)]
    )
