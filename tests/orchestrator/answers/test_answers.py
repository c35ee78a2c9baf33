import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from orchestrator.show.answer import Answer
from orchestrator.show.answers import matrix_text, rendered, slow_text
from orchestrator.show.documents import csv_text
from orchestrator.show.escapes import cut, defused, shown
from orchestrator.show.figures import ms_text, percent_text
from orchestrator.show.matrix import matrix_answer, matrix_cell, server_names
from orchestrator.show.slow import slow_answer
from orchestrator.show.sparks import probes_line, sparkline, trend_line

HOSTILE = "\x1b[31mred\u202egnp.exe\n| `<script>alert(1)</script>` =1+1"

Make = dict[str, Any]


def big_matrix(make: Make, *, testers: int, servers: int) -> dict[str, Any]:
    return make["matrix"](  # type: ignore[no-any-return]
        [make["tester"](f"tester-{number}", region="ap-northeast-1") for number in range(testers)],
        [make["server"](f"server-{number:03}.example.net") for number in range(servers)],
        [[make["cell"]() for _ in range(servers)] for _ in range(testers)],
    )


@pytest.mark.parametrize("width", [80, 100, 200])
def test_a_matrix_fits_the_width_and_shows_every_server(make: Make, width: int) -> None:
    text = matrix_text(big_matrix(make, testers=4, servers=30), width=width, color=False)

    assert max(cell_len(line) for line in text.splitlines()) <= width
    for number in range(30):
        assert f"server-{number:03}" in text
    assert text.count("12.3") == 4 * 30


def test_a_wider_terminal_needs_fewer_blocks(make: Make) -> None:
    matrix = big_matrix(make, testers=1, servers=30)

    def blocks(width: int) -> int:
        return matrix_text(matrix, width=width, color=False).count("TESTER")

    assert blocks(200) < blocks(80)


def test_the_unit_stands_in_the_heading(make: Make) -> None:
    assert "p50 RTT in ms" in matrix_text(big_matrix(make, testers=1, servers=1), width=80, color=False)


@pytest.mark.parametrize(
    ("changes", "mark"),
    [
        ({}, "12.3"),
        ({"loss_ratio": 0.05, "state": "lossy"}, "12.3!"),
        ({"state": "lossy", "p50_us": None, "p50_note": "lost", "loss_ratio": 0.6}, "lost"),
        ({"state": "lost", "p50_us": None, "p50_note": "lost", "loss_ratio": 1.0}, "×"),
        ({"state": "late_only", "p50_us": None, "p50_note": "lost", "loss_ratio": 1.0}, "late"),
        ({"state": "dns_failed", "n": 0, "p50_us": None, "loss_ratio": None}, "dns"),
        ({"state": "not_run", "n": 0, "p50_us": None, "loss_ratio": None}, "–"),
        ({"state": "insufficient", "n": 3, "p50_us": None, "p50_note": "n/a"}, "n/a"),
        ({"state": "tester_bad"}, "bad"),
    ],
)
def test_each_state_has_its_mark_and_silence_is_never_a_number(
    make: Make, changes: dict[str, Any], mark: str
) -> None:
    assert matrix_cell(make["cell"](**changes)).text == mark


def test_a_cell_without_data_is_a_dash() -> None:
    assert matrix_cell(None).text == "–"


def test_marks_are_explained_and_untrusted_testers_named(make: Make) -> None:
    matrix = make["matrix"](
        [make["tester"]("oslo", trusted=False, reason="steal 40 %")],
        [make["server"]("a"), make["server"]("b")],
        [[make["cell"](state="tester_bad"), make["lost"]()]],
    )

    text = matrix_text(matrix, width=80, color=False)

    assert "× every probe lost; bad: the tester's run is not trusted" in text
    assert "not trusted: oslo, steal 40 %" in text
    assert text.startswith("1 tester × 2 server addresses, 40 probes, 20 lost or late (50.0 %)")


def test_an_empty_matrix_says_what_to_do(make: Make) -> None:
    empty = make["matrix"]([], [], [])

    assert matrix_text(empty, width=80, color=False) == (
        "the fleet edge has no results yet: `orchestrate up` measures\n"
    )
    assert matrix_text(empty | {"fleet": None}, width=80, color=False) == (
        "no results yet: `orchestrate up` measures\n"
    )
    assert "nothing was measured in this time" in matrix_text(
        empty | {"since": "2026-03-01T12:00:00Z"}, width=80, color=False
    )


def test_addresses_of_one_server_are_told_apart(make: Make) -> None:
    one, six = make["server"]("a"), make["server"]("a", address="::1", family=6)
    other = make["server"]("b", address="127.0.0.2")

    assert server_names([one, six, other]) == ["a v4", "a v6", "b"]
    assert server_names([one, make["server"]("a", address="127.0.0.9")]) == ["a 127.0.0.1", "a 127.0.0.9"]


def test_names_that_look_alike_once_cut_are_numbered(make: Make) -> None:
    names = ["aaaaaaaaaa-1-zzzzzzzzzz", "aaaaaaaaaa-2-zzzzzzzzzz"]
    matrix = make["matrix"](
        [make["tester"]("oslo")], [make["server"](name) for name in names], [[make["cell"](), make["cell"]()]]
    )

    text = matrix_text(matrix, width=80, color=False)

    assert "~1" in text
    assert "~2" in text


def test_the_ranking_begins_with_the_finding(make: Make) -> None:
    text = slow_text(make["ranking"]([make["region"]("sydney")]), width=80, color=False)

    assert " ".join(text.split()).startswith(
        "slowest region: sydney, p50 301.2 ms over 240 probes (ranked by p50 (lost probes count as infinite))"
    )


def test_a_region_that_never_answers_is_said_to_be_lost(make: Make) -> None:
    lost = make["region"](
        "cape",
        answered=0,
        p50_us=None,
        p50_note="lost",
        p95_us=None,
        p95_note="lost",
        loss_ratio=1.0,
        best_us=None,
    )

    text = slow_text(make["ranking"]([lost]), width=80, color=False)

    assert text.startswith("slowest region: cape, no answer in time over 240 probes")
    assert re.search(r"1  cape +lost +lost +100", text)


def test_an_empty_ranking_says_what_to_do(make: Make) -> None:
    assert slow_text(make["ranking"]([]), width=80, color=False) == (
        "the fleet edge has no results yet: `orchestrate up` measures\n"
    )


def test_runs_that_are_not_trusted_are_left_out_aloud(make: Make) -> None:
    left_out = [{"tester": "oslo", "run_id": "r", "reason": "steal 40 %"}] * 2

    text = slow_text(make["ranking"]([make["region"]("a")], left_out=left_out), width=80, color=False)

    assert "left out, not trusted: 2 runs of oslo, steal 40 %" in text


@pytest.mark.parametrize("width", [80, 120, 220])
def test_a_ranking_fits_the_width_and_shows_more_where_there_is_more(make: Make, width: int) -> None:
    regions = [make["region"](f"region-{number}", rank=number, loss_low=0.001) for number in range(1, 6)]
    paths = [make["path"](f"tester-{n}", "server-with-a-long-name.example.net", rank=n) for n in range(1, 30)]

    text = slow_text(make["ranking"](regions, paths), width=width, color=False)

    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "and 19 more" in text
    assert ("× floor" in text) == (width >= 120)


def test_colours_are_there_only_when_wanted(make: Make) -> None:
    ranking = make["ranking"]([make["region"]("a", loss_ratio=0.5, answered=120)])

    assert "\x1b" not in slow_text(ranking, width=80, color=False)
    assert "\x1b[31m" in slow_text(ranking, width=80, color=True)


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "html"])
def test_hostile_names_move_no_cursor_and_turn_no_text(make: Make, form: str) -> None:
    matrix = make["matrix"](
        [make["tester"](HOSTILE, trusted=False, reason=HOSTILE)],
        [make["server"](HOSTILE, group=HOSTILE, host=HOSTILE)],
        [[make["cell"]()]],
    )
    ranking = make["ranking"]([make["region"](HOSTILE)], [make["path"](HOSTILE, HOSTILE)])

    for answer in (matrix_answer(matrix), slow_answer(ranking)):
        text = rendered(answer, form=form, width=80, color=False)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert form not in ("html", "markdown") or "<script" not in text


def test_html_shows_names_as_text_and_asks_nobody(make: Make) -> None:
    text = rendered(
        slow_answer(make["ranking"]([make["region"](HOSTILE)])), form="html", width=80, color=False
    )

    assert "&lt;script&gt;" in text
    assert "<script" not in text
    assert "default-src &#x27;none&#x27;" in text or "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"""(?:src|href)=|url\(|@import""", text)


def test_markdown_keeps_a_pipe_within_its_cell(make: Make) -> None:
    text = rendered(
        slow_answer(make["ranking"]([make["region"]("a|b`c")])), form="markdown", width=80, color=False
    )

    assert r"a\|b\`c" in text


def test_csv_defuses_formulas_and_leaves_what_is_unknown_empty(make: Make) -> None:
    matrix = make["matrix"]([make["tester"]("=cmd|' /C calc'!A0")], [make["server"]("s")], [[make["lost"]()]])

    [record] = csv.DictReader(io.StringIO(rendered(matrix_answer(matrix), form="csv", width=80, color=False)))

    assert record["tester"] == "'=cmd|' /C calc'!A0"
    assert record["p50_us"] == ""
    assert record["p50_note"] == "lost"
    assert record["loss_ratio"] == "1.0"


def test_json_is_what_the_collector_said(make: Make) -> None:
    ranking = make["ranking"]([make["region"](HOSTILE)])

    assert json.loads(rendered(slow_answer(ranking), form="json", width=80, color=False)) == ranking


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "  =1", "\t=1"])
def test_what_a_spreadsheet_would_run_is_defused(text: str) -> None:
    assert defused(text) == "'" + text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.00001, "<0.01"),
        (0.005, "0.50"),
        (0.05, "5.0"),
        (0.9999, ">99.9"),
        (1.0, "100"),
    ],
)
def test_a_little_loss_is_not_none_and_nearly_all_is_not_all(ratio: float | None, text: str) -> None:
    assert percent_text(ratio) == text


@pytest.mark.parametrize(
    ("us", "text"), [(None, "–"), (42, "0.042"), (1_234, "1.23"), (45_678, "45.7"), (1_234_567, "1235")]
)
def test_milliseconds_keep_what_matters(us: int | None, text: str) -> None:
    assert ms_text(us) == text


def test_text_is_cut_by_columns_not_by_letters() -> None:
    assert cell_len(cut("漢字" * 20, 11)) <= 11
    assert cut("abcdefgh", 5) == "ab…gh"


def test_a_right_to_left_name_does_not_turn_its_neighbours() -> None:
    assert shown("שלום").endswith("\u200e")
    assert shown("a\u2066b\ud800\x85") == "a\\u2066b\\ud800\\x85"


def test_a_lost_run_is_a_gap_in_the_sparkline_and_a_peak_survives_thinning() -> None:
    assert sparkline([1.0, None, 8.0]) == "▂×█"
    assert "█" in sparkline([1.0] * 500 + [100.0] + [1.0] * 500)
    assert len(sparkline([1.0] * 1_001)) <= 60


def test_probes_are_drawn_in_their_order_with_marks_for_silence() -> None:
    assert probes_line([10_000, 80_000, -1, -2, -3]) == "▂█×+·"
    assert probes_line([]) == ""
    assert probes_line([1] * 25) == "█" * 24 + "…"


def test_a_trend_stays_low_where_little_changed() -> None:
    assert trend_line([0.0, 0.01, -0.3, None]) == "▁▁▁·"
    assert trend_line([0.0] * 20 + [0.5]) == "▁" * 11 + "█"


@given(st.text(max_size=300), st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", " =", "\ufeff="]))
def test_no_cell_begins_a_formula_and_each_can_be_read_again(name: str, start: str) -> None:
    text = start + name
    sheet = csv_text(Answer(title="", sentence="", tables=(), records=({"name": text, "p50_us": -1.5},)))

    heading, [cell, number] = csv.reader(io.StringIO(sheet))

    assert heading == ["name", "p50_us"]
    assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))
    # A number of ours stays one.
    assert number == "-1.5"
    assert cell.removeprefix("'") == shown(text) or cell == shown(text)
    assert not set(cell) & set("\x00\x07\x1b\r\n\t\u202e\u2066")
