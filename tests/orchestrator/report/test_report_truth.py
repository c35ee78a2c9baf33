"""Reports of a fleet whose every probe is known: each figure against the API and against a count by hand."""

import csv
import io
import json
import math
import re
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

import pytest

from orchestrator.show.answer import Answer
from orchestrator.show.answers import rendered
from orchestrator.show.diff import diff_answer
from orchestrator.show.escapes import width_of
from orchestrator.show.matrix import matrix_answer, with_ranking
from orchestrator.show.path import path_answer
from orchestrator.show.run import run_answer
from orchestrator.show.slow import slow_answer
from tests.orchestrator.report.a_world import HOSTILE, NOON, World, a_world

Run = Callable[..., Any]
DAY = timedelta(days=1)
PAST = 4
"""Sweeps before those that are looked at; two runs each make a baseline."""


@pytest.fixture(scope="module")
def world(served: Any) -> World:
    changed = {"lima": 1.3, "fra": 1.5}
    return a_world(served, sweeps=[*({} for _ in range(PAST)), {}, changed | {"nrt": 0.0}, changed])


@pytest.fixture(scope="module")
def hostile(served: Any) -> World:
    return a_world(
        served, testers=HOSTILE, servers=HOSTILE, runs=1, sweeps=[{}, {HOSTILE[2]: 2.0, HOSTILE[4]: 0.0}]
    )


def p50(probes: list[int]) -> float:
    """The nearest rank, lost probes infinite."""
    return sorted(math.inf if rtt < 0 else rtt for rtt in probes)[math.ceil(len(probes) / 2) - 1]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_matrix_is_that_of_the_probes_by_every_figure(orchestrate: Run, world: World) -> None:
    probes = world.probes[world.sweeps[-1]]
    asked = ("report", "matrix", "--fleet", world.fleet, "--sweep", "last")

    rows = rows_of(orchestrate(*asked, "--by", "baseline", "--format", "csv").stdout)
    text = orchestrate(*asked, "--by", "baseline", COLUMNS="80").stdout

    assert len(rows) == len(probes) == 24
    for row in rows:
        path = (row["tester"], row["server"])
        past = [rtt for sweep in world.sweeps[:-1] for rtt in world.probes[sweep][path]]
        assert float(row["p50_us"]) == p50(probes[path])
        assert float(row["n"]) == len(probes[path])
        usual = float(row["usual_ratio"])
        if path[1] not in ("nrt", "fra") and path[0] != "lima":
            # Baselines come from histograms, within 1 %.
            assert usual == pytest.approx(p50(probes[path]) / p50(past) - 1, abs=0.011)
        assert (f"{usual * 100:+.1f}".replace("-", "−") if abs(usual) >= 0.0005 else "0.0") in text
    assert max(map(len, text.splitlines())) <= 80


def test_silence_is_no_number_in_any_figure(orchestrate: Run, world: World) -> None:
    asked = ("report", "matrix", "--fleet", world.fleet, "--sweep", "last~1")

    for by in ("loss", "floor"):
        text = orchestrate(*asked, "--by", by).stdout
        of_oslo = next(line for line in text.splitlines() if line.startswith("oslo"))
        assert of_oslo.split()[-1] == "×", (by, text)


def test_the_ranking_is_what_the_api_says(orchestrate: Run, served: Any, world: World) -> None:
    asked = ("report", "slow", "--fleet", world.fleet, "--by", "baseline")

    rows = rows_of(orchestrate(*asked, "--format", "csv").stdout)
    found = json.loads(orchestrate(*asked, "--format", "json").stdout)
    text = orchestrate(*asked, COLUMNS="160").stdout

    with served.client() as client:
        said = client.slow(fleet=world.fleet, by="baseline")
    assert found == said
    assert [row["region"] for row in rows if row["kind"] == "region"] == [
        region["region"] for region in said["regions"]
    ]
    assert said["regions"][0]["region"] == "lima"
    of_lima = [path["usual_ratio"] for path in said["paths"] if path["region"] == "lima"]
    assert said["regions"][0]["usual_ratio"] == pytest.approx(median(of_lima))
    assert "LAST ROUNDS" in text
    assert re.search(r"lima .*[▁▂▃▄▅▆▇█]{3,}", text)


def test_a_diff_is_that_of_the_probes(orchestrate: Run, world: World) -> None:
    one, two = world.sweeps[-3], world.sweeps[-1]
    before, after = world.probes[one], world.probes[two]
    asked = ("report", "diff", str(one), "last", "--fleet", world.fleet)

    found = orchestrate(*asked, "--format", "csv", "--fail-if", "region>10%", "--fail-if", "server>1000%")
    calm = orchestrate(*asked, "--fail-if", "region>40%", COLUMNS="80")

    assert found.returncode == 4
    assert re.fullmatch(
        r"region lima: p50 grew by at least 2\d\.\d %, the limit is 10 %", found.stderr.strip()
    )
    rows = rows_of(found.stdout)
    paths = [row for row in rows if row["scope"] == "path"]
    assert len(paths) == 24
    for row in paths:
        path = (row["tester"], row["server"])
        assert float(row["before_p50_us"]) == p50(before[path])
        assert float(row["after_p50_us"]) == p50(after[path])
        assert float(row["change_ratio"]) == pytest.approx(p50(after[path]) / p50(before[path]) - 1)
    regions = {row["region"]: row for row in rows if row["scope"] == "region"}
    # Lima grew by 30 % to all servers; that one of them, for everybody, grew by half is not its fault.
    logs = [
        math.log(p50(after["lima", server]) / p50(before["lima", server]))
        for server in world.servers
        if server != "fra"
    ]
    assert float(regions["lima"]["change_ratio"]) == pytest.approx(math.expm1(median(logs)), abs=0.01)
    assert calm.returncode == 0
    assert "+30." in calm.stdout or "+29." in calm.stdout
    assert max(map(len, calm.stdout.splitlines())) <= 80


def test_a_diff_of_lost_paths_says_lost(orchestrate: Run, world: World) -> None:
    said = orchestrate(
        "report", "diff", "last~2", "last~1", "--fleet", world.fleet, "--fail-if", "server>1000%"
    )

    assert said.returncode == 4
    assert "server nrt (192.0.2.6): p50 is lost, the limit is 1000 %" in said.stderr
    assert re.search(r"nrt \(192\.0\.2\.6\) +[\d.]+ +lost +lost", said.stdout)


def test_a_run_is_drawn_probe_by_probe(orchestrate: Run, world: World) -> None:
    sweep = world.sweeps[-2]

    text = orchestrate(
        "report", "run", str(world.runs[sweep][0]), "--fleet", world.fleet, COLUMNS="160"
    ).stdout

    assert re.search(r"^nrt .*×{20}", text, re.MULTILINE)
    assert re.search(r"^ams .*[▁▂▃▄▅▆▇█]{20}", text, re.MULTILINE)
    assert "× lost" in text


def test_a_path_is_drawn_with_the_newest_last(orchestrate: Run, world: World) -> None:
    asked = ("report", "path", "oslo", "nrt", "--fleet", world.fleet, "--since", "3650d")

    text = orchestrate(*asked, "--resolution", "run").stdout
    long = orchestrate(*asked).stdout

    assert re.search(r"a row is of \d+m: --resolution run has each run", long)
    assert "280 probes in 14 runs" in long
    assert "280 probes in 14 runs" in text
    line = next(line for line in text.splitlines() if "the newest last" in line)
    assert re.search(r"[▁▂▃▄▅▆▇█]{10}××[▁▂▃▄▅▆▇█]{2}$", line)


@pytest.fixture(scope="module")
def hostile_answers(served: Any, hostile: World) -> list[Answer]:
    """Each report of names that somebody may have registered, of what a real collector says."""
    before, after = hostile.sweeps
    with served.client() as client:
        slow = client.slow(fleet=hostile.fleet, by="baseline")
        return [
            slow_answer(slow),
            matrix_answer(with_ranking(client.matrix(fleet=hostile.fleet), slow, by="baseline")),
            diff_answer(client.diff(before=before, after=after)),
            run_answer(client.run(hostile.runs[after][0])),
            *(
                path_answer(client.path(tester=name, server=name, fleet=hostile.fleet, since=NOON - DAY))
                for name in HOSTILE
            ),
        ]


@pytest.mark.parametrize("form", ["table", "csv", "markdown", "html", "json"])
def test_hostile_names_are_text_in_every_report_and_form(hostile_answers: list[Answer], form: str) -> None:
    for answer in hostile_answers:
        text = rendered(answer, form=form, width=80, color=False)
        assert not set(text) & {"\x1b", "\x07", "\u202e"}
        if form == "table":
            assert max(map(width_of, text.splitlines())) <= 80 or answer.title.startswith("Path")
        if form in ("html", "markdown"):
            assert "<script" not in text
        if form == "html":
            assert not re.search(r"""(?:src|href)\s*=|url\(|@import|https?:""", text)
        if form == "csv":
            cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
            assert not [cell for cell in cells if cell.startswith(("=", "@", "\t", "\r"))]
            assert all(is_number(cell) for cell in cells if cell.startswith(("+", "-")))


def test_a_hostile_name_can_be_asked_for_and_moves_no_cursor(orchestrate: Run, hostile: World) -> None:
    said = orchestrate("report", "path", HOSTILE[3], HOSTILE[0], "--fleet", hostile.fleet, "--since", "30d")
    unknown = orchestrate("report", "path", HOSTILE[3] + "x", "a", "--fleet", hostile.fleet)

    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("\\x1b[2J\\x07\\u202egnp.exe → <script>")
    assert unknown.returncode == 2
    assert not set(said.stdout + unknown.stderr) & {"\x1b", "\x07", "\u202e"}


def is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("slow", "--since", "1m"), "nothing was measured in this time"),
        (("matrix", "--since", "1m"), "nothing was measured in this time"),
        (("path", "oslo", "ams", "--since", "1m"), "no results in this time"),
    ],
)
def test_a_time_without_data_says_so(
    orchestrate: Run, world: World, asked: tuple[str, ...], said: str
) -> None:
    found = orchestrate("report", *asked, "--fleet", world.fleet)

    assert found.returncode == 0, found.stderr
    assert said in found.stdout


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        (("diff", "last", "last"), "A and B are the same sweep", "last~1 last"),
        (("diff", "last~99", "last"), "no last~99 sweep: it has 7", "orchestrate sweep"),
        (("diff", "last~x", "last"), "'last~x' is no sweep", "`last~1`"),
        (("diff", "last~1", "last", "--fail-if", "planet>1%"), "is not a limit", "region>10%"),
        (("slow", "--by", "baseline", "--since", "30d"), "of a day at most", "--sweep last"),
        (("slow", "--by", "speed"), "'speed'", "baseline"),
        (("path", "oslo", "ams", "--resolution", "7q"), "resolution", "openapi"),
        (("matrix", "--format", "pdf"), "'pdf'", "html"),
    ],
)
def test_rubbish_is_exit_2_with_a_hint(
    orchestrate: Run, world: World, asked: tuple[str, ...], message: str, hint: str
) -> None:
    said = orchestrate("report", *asked, "--fleet", world.fleet)

    assert said.returncode == 2
    assert message in said.stderr
    assert hint in said.stderr
    assert (said.stdout, "Traceback" in said.stderr) == ("", False)


def test_where_there_are_several_fleets_it_is_said_how_to_name_one(
    orchestrate: Run, world: World, hostile: World
) -> None:
    said = orchestrate("report", "slow")

    assert said.returncode == 2
    assert f"add --fleet, one of: {world.fleet}" in said.stderr or world.fleet in said.stderr
