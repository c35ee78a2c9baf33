from typing import Any

import pytest

from collector.dashboard.progress import progress_of, runs_sentence, sweep_headline, word_of
from collector.tables import RunState

SPEC = {"testers": ["oslo", "rome"], "repeat": 2}


def a_run(tester: str, index: int = 0, **changed: Any) -> dict[str, Any]:
    return {
        "run_id": f"{tester}-{index}",
        "tester": tester,
        "index": index,
        "of": 2,
        "planned": 4,
        "stored": 4,
        "state": "complete",
        "trusted": True,
        "reason": None,
        "announced_at": f"2026-03-01T12:0{index}:00Z",
        "started_at": f"2026-03-01T12:0{index}:00Z",
    } | changed


def words(*runs: dict[str, Any]) -> dict[str, str]:
    return {one.tester: one.word for one in progress_of(runs, spec=SPEC)}


def test_a_tester_of_which_nothing_was_heard_is_waited_for() -> None:
    assert words() == {"oslo": "waiting", "rome": "waiting"}


def test_a_tester_goes_on_until_its_last_run_has_ended() -> None:
    assert words(a_run("oslo"))["oslo"] == "waiting"
    assert words(a_run("oslo"), a_run("oslo", 1, state="announced", stored=0))["oslo"] == "running"
    assert words(a_run("oslo"), a_run("oslo", 1))["oslo"] == "complete"


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"state": "truncated", "stored": 2}, "ended early"),
        ({"state": "abandoned", "trusted": None, "stored": 0}, "given up"),
        ({"trusted": False, "reason": "dropped"}, "not trusted"),
    ],
)
def test_the_worst_of_its_runs_is_what_is_said_of_a_tester(changed: dict[str, Any], word: str) -> None:
    assert words(a_run("oslo", **changed), a_run("oslo", 1))["oslo"] == word


def test_results_are_counted_by_what_was_planned_and_stored() -> None:
    oslo, rome = progress_of(
        [a_run("oslo"), a_run("oslo", 1, stored=1), a_run("rome", planned=None, stored=3)], spec=SPEC
    )

    assert (oslo.done, oslo.of, oslo.stored, oslo.planned) == (2, 2, 5, 8)
    assert (rome.done, rome.of, rome.stored, rome.planned) == (1, 2, 3, None)


def test_a_sweep_without_an_end_shows_the_last_runs_and_counts_all() -> None:
    (oslo,) = progress_of([a_run("oslo", index, of=None) for index in range(9)] * 5, spec={})

    assert (oslo.of, oslo.done, len(oslo.marks)) == (None, 45, 24)
    assert oslo.marks[-1].run_id == "oslo-8"


def test_every_state_of_a_run_has_its_own_word() -> None:
    said = [word_of(a_run("oslo", state=state.value)) for state in RunState]

    assert len(set(said)) == len(RunState)


def test_a_sentence_leaves_out_what_did_not_happen() -> None:
    counts = {"planned": 4, "reported": 3, "untrusted": 0, "states": dict.fromkeys(RunState, 0)}

    assert runs_sentence(counts) == "3 of 4 runs reported"
    counts["states"] = dict.fromkeys(RunState, 1)
    assert runs_sentence(counts | {"planned": None, "untrusted": 2}) == (
        "3 runs reported, 1 running, 1 ended early, 1 given up, 2 not trusted"
    )


def test_the_headline_says_how_many_testers_are_done_while_some_are_not() -> None:
    progress = progress_of([a_run("oslo"), a_run("oslo", 1), a_run("rome")], spec=SPEC)
    counts = {
        "planned": 4,
        "announced": 3,
        "reported": 3,
        "untrusted": 0,
        "states": dict.fromkeys(RunState, 0),
    }
    summary = {"outcome": None, "runs": counts}

    assert sweep_headline(summary, progress, goes_on=True) == "This sweep is running: 1 of 2 testers done"
    ended = sweep_headline(summary | {"outcome": "partial"}, progress, goes_on=False)
    assert ended == "This sweep is partial: 3 of 4 runs reported"
