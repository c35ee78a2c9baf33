import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.announce import TESTER_STATES, Announcement, Heartbeat
from wire.errors import UnknownVersion, WireError
from wire.fields import Fields
from wire.identity import run_id_of
from wire.job import IP_CHOICES, PROBE_TYPES, TRACE_CHOICES, Job, JobServer, ProbePlan
from wire.report import ENDS, LATE, LOST, MAX_RTT_US, NOT_SENT, Report, Results, digest_of
from wire.versions import JOB_VERSION, JOB_VERSIONS

GOLDEN = Path(__file__).parent / "golden"

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
TIME = st.integers(-(6 * 10**16), 2 * 10**17).map(
    lambda moment: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)
)
INT4 = st.integers(0, 2**31 - 1)
JSON = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | TEXT, max_size=3)
ICMP, TCP = {"type": "icmp"}, {"type": "tcp", "port": 443}
PROBE = st.builds(
    lambda kind, **words: ProbePlan(**kind, **words),
    st.sampled_from([ICMP, TCP]),
    count=st.integers(1, 100_000),
    interval_s=st.floats(0, 3600),
    timeout_s=st.floats(0.001, 300),
    size_bytes=st.integers(0, 65_000),
    ip=st.sampled_from(IP_CHOICES),
    dscp=st.integers(0, 63),
    rate_per_s=st.none() | st.floats(0.001, 1e7),
    trace=st.sampled_from(TRACE_CHOICES),
)
POSITION = st.sampled_from([LOST, LATE, NOT_SENT]) | st.integers(0, MAX_RTT_US)


@st.composite
def results(draw: st.DrawFn) -> Results:
    """Draw rows whose columns fit each other."""
    probes = draw(st.lists(st.lists(POSITION, max_size=5), max_size=5))
    rows = len(probes)

    def column(item: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(item, min_size=rows, max_size=rows))

    addresses: list[str | None] = column(st.none() | st.ip_addresses().map(str))
    return Results(
        # Numbered, since two rows may not be of one server address.
        server=[f"{number}{name}" for number, name in enumerate(column(TEXT))],
        group=column(TEXT),
        host=column(TEXT),
        address=addresses,
        family=[None if address is None else 6 if ":" in address else 4 for address in addresses],
        probe_type=column(st.sampled_from(PROBE_TYPES)),
        port=column(st.none() | st.integers(1, 65_535)),
        planned=[len(row) for row in probes],
        late=[row.count(LATE) or draw(st.sampled_from([None, 0])) for row in probes],
        duplicate=column(st.none() | INT4),
        reordered=column(st.none() | INT4),
        warmup=column(st.booleans()),
        rtt_us=[position for row in probes for position in row],
        details={str(row): draw(JSON) for row in range(rows) if draw(st.booleans())},
    )


REPORT = st.builds(
    Report,
    run_id=st.uuids(),
    tester_id=st.uuids(),
    sweep_id=st.uuids(),
    index=INT4,
    of=st.none() | st.integers(1, 2**31 - 1),
    started_at=TIME,
    finished_at=TIME,
    end=st.sampled_from(ENDS),
    probe=PROBE,
    engine=JSON,
    health=JSON,
    results=results(),
)


@given(report=REPORT)
def test_a_report_comes_out_as_it_went_in(report: Report) -> None:
    assert Report.from_bytes(report.to_bytes()) == report


@given(
    announcement=st.builds(
        Announcement,
        run_id=st.uuids(),
        tester_id=st.uuids(),
        sweep_id=st.uuids(),
        index=INT4,
        of=st.none() | st.integers(1, 2**31 - 1),
        planned=st.integers(0, 16_000_000),
        started_at=TIME,
        expected_s=st.floats(0, 31_536_000),
    )
)
def test_an_announcement_comes_out_as_it_went_in(announcement: Announcement) -> None:
    assert Announcement.from_bytes(announcement.to_bytes()) == announcement


@given(
    heartbeat=st.builds(
        Heartbeat,
        tester_id=st.uuids(),
        state=st.sampled_from(TESTER_STATES),
        sweep_id=st.none() | st.uuids(),
        run_id=st.none() | st.uuids(),
        index=st.none() | INT4,
        of=st.none() | st.integers(1, 2**31 - 1),
        next_run_at=st.none() | TIME,
        spooled_count=INT4,
        spooled_bytes=INT4,
        rejected_count=INT4,
        skipped_count=INT4,
        last_error=st.none() | TEXT,
        version=TEXT,
    )
)
def test_a_heartbeat_comes_out_as_it_went_in(heartbeat: Heartbeat) -> None:
    assert Heartbeat.from_bytes(heartbeat.to_bytes()) == heartbeat


@given(
    job=st.builds(
        Job,
        fleet=TEXT,
        fleet_id=st.uuids(),
        tester=TEXT,
        tester_id=st.uuids(),
        sweep_id=st.uuids(),
        servers=st.lists(
            st.builds(JobServer, name=TEXT, host=TEXT, group=TEXT), unique_by=lambda s: s.name
        ).map(tuple),
        probe=PROBE,
        repeat=st.none() | st.integers(1, 10_000_000),
        every_s=st.floats(0, 31_536_000),
        jitter_s=st.floats(0, 31_536_000),
        collector_url=st.none() | TEXT,
        insecure=st.booleans(),
    )
)
def test_a_job_comes_out_as_it_went_in(job: Job) -> None:
    assert Job.from_bytes(job.to_bytes()) == job


READERS: dict[str, Any] = {
    "report": Report.from_bytes,
    "announcement": Announcement.from_bytes,
    "heartbeat": Heartbeat.from_bytes,
    "job": Job.from_bytes,
}


@pytest.mark.parametrize("path", sorted((GOLDEN / "valid").iterdir()), ids=lambda path: path.stem)
def test_golden_messages_are_read(path: Path) -> None:
    message = READERS[path.stem.split("-")[0]](path.read_bytes())

    assert READERS[path.stem.split("-")[0]](message.to_bytes()) == message


@pytest.mark.parametrize("path", sorted((GOLDEN / "invalid").iterdir()), ids=lambda path: path.stem)
def test_wrong_golden_messages_are_refused(path: Path) -> None:
    with pytest.raises(WireError):
        READERS[path.stem.split("-")[0]](path.read_bytes())


def test_an_unknown_version_names_those_that_are_known() -> None:
    with pytest.raises(UnknownVersion) as refused:
        Report.from_bytes((GOLDEN / "invalid" / "report-version-unknown.json").read_bytes())

    assert str(refused.value) == "v: report version 2 is unknown here, known: 1"


def test_times_are_kept_in_utc() -> None:
    report = Report.from_bytes((GOLDEN / "valid" / "report-usual.json").read_bytes())
    east = replace(report, started_at=report.started_at.astimezone(timezone(timedelta(hours=5))))

    assert east.to_bytes() == report.to_bytes()


def test_a_run_id_is_that_of_its_sweep_tester_and_index() -> None:
    report = Report.from_bytes((GOLDEN / "valid" / "report-usual.json").read_bytes())

    assert report.run_id == run_id_of(sweep_id=report.sweep_id, tester_id=report.tester_id, index=3)
    assert str(report.run_id) == "927e72e5-9e13-5474-b50a-661520fb796e"


def test_the_digest_is_of_the_uncompressed_body() -> None:
    assert digest_of(b"") == "sha-256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"type": "tcp"}, "what a TCP probe needs"),
        ({"type": "icmp", "port": 443}, "for TCP probes"),
        ({"type": "tcp", "port": 0}, "between 1 and 65535"),
        ({"type": "udp"}, "one of icmp, tcp"),
    ],
)
def test_a_probe_has_a_port_if_and_only_if_it_connects(words: dict[str, Any], reason: str) -> None:
    with pytest.raises(WireError, match=reason):
        ProbePlan.from_fields(Fields(ProbePlan().to_dict() | words))


FROZEN = sorted((Path(__file__).parent / "frozen").iterdir())


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: path.stem)
def test_what_programs_of_each_version_wrote_is_read_to_its_last_field(path: Path) -> None:
    body = path.read_bytes()
    message = READERS[path.stem.split("-")[0].split(".")[0]](body)

    assert json.loads(message.to_bytes()) == json.loads(body)


def test_a_job_of_this_version_is_kept() -> None:
    assert {f"job.{version}" for version in JOB_VERSIONS} <= {path.stem for path in FROZEN}
    assert set(JOB_VERSIONS) == {JOB_VERSION, max(1, JOB_VERSION - 1)}
