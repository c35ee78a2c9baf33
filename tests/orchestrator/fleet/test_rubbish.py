"""Whatever stands in a fleet file, it is read or refused with a place."""

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import FleetFileError, Problem
from orchestrator.fleet.document import Document
from orchestrator.fleet.file import read_fleet
from orchestrator.fleet.model import Fleet
from orchestrator.fleet.terms import CollectorAccess
from orchestrator.fleet.vantage import Probe

KEYS = [
    *(field.alias or name for name, field in Document.model_fields.items() if name != "include"),
    *(field.alias or name for name, field in Probe.model_fields.items()),
    *CollectorAccess.model_fields,
    "name",
    "use",
    "regions",
    "options",
    "location",
    "lat",
    "from",
    "host",
    "file",
    "a",
]
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["a", "all", "local", "5s", "once", "${A}", "${", "${A:-1}", "$$", "5 USD", "testers", ""]
    )
    | st.text(max_size=5)
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(st.sampled_from(KEYS), values, max_size=6).map(
    lambda document: {"name": "x"} | document
)


@given(document=documents, profile=st.sampled_from([None, "a"]))
@settings(max_examples=300)
def test_rubbish_is_refused_with_a_place(document: dict[str, object], profile: str | None) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        read_fleet(None, text=json.dumps(document), environment={}, profile=profile)
    except FleetFileError as error:
        problems = error.problems

    assert all(problem.line or "no profile" in problem.message for problem in problems)


@given(document=documents)
@settings(max_examples=300)
def test_a_spec_of_rubbish_is_refused(document: dict[str, object]) -> None:
    with suppress(FleetFileError):
        assert Fleet.from_spec(document, {}, source="table").source == "table"


def test_a_driver_that_nobody_here_knows_may_be_a_plugin() -> None:
    fleet = read_fleet(None, text="name: x\ntesters: [{name: a, driver: frobnicate}]", environment={})

    assert fleet.testers_by_driver() == {"frobnicate": ("a",)}
