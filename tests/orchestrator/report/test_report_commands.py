import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from wire.identity import run_id_of
from wire.job import ProbePlan
from wire.report import LOST, Report, Results

Run = Any
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


TRACE = {
    "reached": False,
    "hops": [
        {
            "ttl": 1,
            "addresses": ["192.0.2.1"],
            "kinds": ["time_exceeded"],
            "rtt_us": [400, 600, 500],
        },
        {"ttl": 2, "addresses": [], "kinds": [], "rtt_us": [-1, -1, -1]},
        {"ttl": 3, "addresses": ["192.0.2.3"], "kinds": ["prohibited"], "rtt_us": [9_000, -1, -1]},
    ],
}


class History:
    """One fleet with three sweeps: the second half again as slow as the first, the third silent.

    `past` has others: how many hours before noon, and how slow.
    """

    def __init__(
        self,
        served: Any,
        past: Sequence[tuple[float, int]] = ((0, 10_000), (-1, 15_000), (-2, LOST)),
    ) -> None:
        self.fleet_id, self.tester_id = uuid4(), uuid4()
        self.name = f"edge-{self.fleet_id.hex[:6]}"
        self.sweeps = [uuid4() for _ in past]
        config = {"driver": "local", "location": {"region": "eu-north-1"}}
        with served.client() as client:
            client.put_fleet(self.fleet_id, name=self.name, spec={"version": 1}, orchestrator="a@b")
            client.put_tester(
                self.tester_id,
                fleet_id=self.fleet_id,
                name="oslo",
                location="eu-north-1",
                vps_provider=None,
                config=config,
                token_sha256=None,
            )
            for sweep_id, (hours, rtt_us) in zip(self.sweeps, past, strict=True):
                start = NOON - timedelta(hours=hours)
                client.put_sweep(sweep_id, fleet_id=self.fleet_id, spec={}, started_at=start)
                report = self.report(sweep_id, rtt_us=rtt_us, start=start)
                assert client.put_report(report.run_id, report.to_bytes())["stored"] == 2
                assert client.put_report(report.run_id, report.to_bytes())["repeated"] is True
                client.finish_sweep(sweep_id, outcome="complete")

    def report(self, sweep_id: UUID, *, rtt_us: int, start: datetime) -> Report:
        count = 60
        return Report(
            run_id=run_id_of(sweep_id=sweep_id, tester_id=self.tester_id, index=0),
            tester_id=self.tester_id,
            sweep_id=sweep_id,
            index=0,
            of=1,
            started_at=start,
            finished_at=start + timedelta(seconds=10),
            end="complete",
            probe=ProbePlan(count=count),
            engine={"name": "icmplib", "version": "3.0.4"},
            health={"trusted": True},
            results=Results(
                server=["a", "b"],
                group=["", ""],
                host=["127.0.0.1", "127.0.0.2"],
                address=["127.0.0.1", "127.0.0.2"],
                family=[4, 4],
                probe_type=["icmp", "icmp"],
                port=[None, None],
                planned=[count, count],
                late=[0, 0],
                duplicate=[None, None],
                reordered=[None, None],
                warmup=[True, True],
                rtt_us=[rtt_us] * (2 * count),
                details={"0": {"trace": TRACE}},
            ),
        )


@pytest.fixture(scope="module")
def history(served: Any) -> History:
    return History(served)


def test_the_ranking_names_the_region(orchestrate: Run, history: History) -> None:
    said = orchestrate("report", "slow", "--fleet", history.name, "--sweep", str(history.sweeps[0]))

    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("slowest region: eu-north-1, p50 10.0 ms over 120 probes")
    assert "\x1b" not in said.stdout


def test_silence_is_a_row_of_the_matrix_and_not_zero(orchestrate: Run, history: History) -> None:
    said = orchestrate("report", "matrix", "--fleet", history.name)

    assert said.returncode == 0, said.stderr
    assert "oslo eu-north-1  ×  ×" in said.stdout
    assert "120 lost or late (100 %)" in said.stdout


def test_the_matrix_is_there_as_data(orchestrate: Run, history: History) -> None:
    asked = (
        "report",
        "matrix",
        "--fleet",
        history.name,
        "--sweep",
        str(history.sweeps[1]),
    )

    records = list(csv.DictReader(io.StringIO(orchestrate(*asked, "--format", "csv").stdout)))

    assert [(record["server"], record["p50_us"]) for record in records] == [("a", "15000"), ("b", "15000")]
    assert json.loads(orchestrate(*asked, "--format", "json").stdout)["testers"][0]["name"] == "oslo"
    assert orchestrate(*asked, "--format", "html").stdout.startswith("<!doctype html>")
    assert orchestrate(*asked, "--format", "markdown").stdout.startswith("## ")


def test_a_path_has_a_history_with_its_silence(orchestrate: Run, history: History) -> None:
    asked = ("report", "path", "oslo", "a", "--fleet", history.name)

    said = orchestrate(*asked, "--since", "2026-11-20T00:00Z")

    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("oslo → a: ")
    assert "15.0" in said.stdout
    assert "×" in said.stdout


def test_a_path_says_where_it_leads(orchestrate: Run, history: History) -> None:
    asked = ("report", "path", "oslo", "a", "--fleet", history.name, "--since", "2026-11-20T00:00Z")

    said = orchestrate(*asked)

    assert said.returncode == 0, said.stderr
    assert "The path to 127.0.0.1, which it did not reach, traced at 2026-11-20" in said.stdout
    lines = [line.split() for line in said.stdout.splitlines()]
    assert ["1", "192.0.2.1", "time", "exceeded", "3/3", "0.400", "0.600"] in lines
    assert ["2", "no", "answer", "-", "0/3", "–", "–"] in lines
    assert ["3", "192.0.2.3", "prohibited", "1/3", "9.00", "9.00"] in lines
    assert json.loads(orchestrate(*asked, "--format", "json").stdout)["trace"] == TRACE
    untraced = orchestrate("report", "path", "oslo", "b", "--fleet", history.name)
    assert "The path to" not in untraced.stdout


def test_a_run_is_printed_with_what_it_found(orchestrate: Run, history: History) -> None:
    run_id = run_id_of(sweep_id=history.sweeps[0], tester_id=history.tester_id, index=0)

    said = orchestrate("report", "run", str(run_id), "--fleet", history.name)

    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("run 1 of 1 of oslo: complete, 2 of 2 results")
    assert "10.0" in said.stdout


def test_a_region_that_grew_beyond_the_limit_is_exit_4(orchestrate: Run, history: History) -> None:
    first, second = (str(sweep) for sweep in history.sweeps[:2])
    asked = ("report", "diff", first, second, "--fleet", history.name)

    found = orchestrate(*asked, "--fail-if", "region>10%")

    assert found.returncode == 4
    assert found.stdout.startswith("region eu-north-1 grew: p50 +50.0 % (CI +50.0…+50.0)")
    assert "region eu-north-1: p50 grew by at least 50.0 %, the limit is 10 %" in found.stderr
    assert orchestrate(*asked, "--fail-if", "region>60%").returncode == 0
    assert orchestrate(*asked, "--fail-if", "rubbish").returncode == 2
    assert (
        orchestrate(
            "report", "diff", "last~2", "last~1", "--fleet", history.name, "--fail-if", "path>1ms"
        ).returncode
        == 4
    )


def test_fail_on_slow_is_honest_that_there_is_no_baseline_yet(orchestrate: Run, history: History) -> None:
    asked = ("report", "slow", "--fleet", history.name, "--fail-on", "slow")

    lenient, strict = orchestrate(*asked), orchestrate(*asked, "--strict")

    assert lenient.returncode == 0
    assert "--fail-on slow: insufficient, eu-north-1 no baseline" in lenient.stderr
    assert strict.returncode == 4


def test_fail_on_slow_is_exit_4_where_two_rounds_are_slower_than_their_past(
    orchestrate: Run, served: Any
) -> None:
    usual = [(hours, 10_000) for hours in (30, 29, 28, 27)]
    history = History(served, [*usual, (2, 10_000), (1, 18_000), (0, 18_000)])
    asked = ("report", "slow", "--fleet", history.name, "--fail-on", "slow")

    found = orchestrate(*asked)
    calm = orchestrate(*asked, "--sweep", str(history.sweeps[4]))
    table = orchestrate("report", "slow", "--fleet", history.name, "--format", "csv")

    assert found.returncode == 4
    assert "oslo → a (127.0.0.1) SLOW +80 % (CI 80–80), +8 ms, 2/3 rounds, 0/60 lost" in found.stderr
    assert "since 2026-11-20 12:00:00" in " ".join(found.stdout.split())
    assert "VERDICT" in found.stdout
    assert calm.returncode == 0
    verdicts = {(row["kind"], row["verdict"]) for row in csv.DictReader(io.StringIO(table.stdout))}
    assert verdicts == {("region", "insufficient"), ("path", "slow")}


def test_fail_on_lossy_is_exit_4_where_a_path_of_few_servers_loses(
    orchestrate: Run, history: History
) -> None:
    asked = ("report", "slow", "--fleet", history.name, "--fail-on", "lossy")

    assert orchestrate(*asked, "--sweep", str(history.sweeps[0])).returncode == 0
    lossy = orchestrate(*asked, "--sweep", str(history.sweeps[2]))
    assert lossy.returncode == 4
    assert "path oslo → a is lossy: 60 of 60 probes lost, at least 94.0 %" in lossy.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("matrix", "--since", "yesterday"), "--since 'yesterday' is not a time"),
        (("matrix", "--since", "2026-11-20T00:00"), "is not a time"),
        (("slow", "--sweep", "zzzzzzzz"), "'zzzzzzzz' is no sweep of this fleet"),
        (("slow", "--sweep", "00000000-0000-4000-8000-000000000000"), "no sweep"),
        (("path", "nobody", "a"), "nobody"),
        (("run", "not-a-uuid"), "not-a-uuid"),
    ],
)
def test_rubbish_is_exit_2_with_what_is_wrong(
    orchestrate: Run, history: History, arguments: tuple[str, ...], message: str
) -> None:
    said = orchestrate("report", *arguments, "--fleet", history.name)

    assert said.returncode == 2
    assert message in said.stderr
    assert "Traceback" not in said.stderr
    assert said.stdout == ""


def test_a_fleet_that_nobody_registered_is_exit_2(orchestrate: Run, history: History) -> None:
    said = orchestrate("report", "slow", "--fleet", "nowhere")

    assert said.returncode == 2
    assert "nowhere" in said.stderr
