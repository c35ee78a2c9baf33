"""What Grafana would refuse or show wrongly, as far as the files tell."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.collector.grafana.the_files import BOARDS, GRAFANA, ROOT, VARIABLE, board, panels, queries

NAMES = [path.stem for path in BOARDS]
UNITS = {"short", "ms", "s", "percentunit", "reqps", "cps", "dateTimeFromNow", "bool_on_off"}
"""Ids of units that the boards use; all of them are Grafana's."""

KINDS = {"stat", "timeseries", "table"}


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_there_is_a_board_for_each_source() -> None:
    assert NAMES == ["latency-metrics", "latency-results"]
    assert {asked.source for name in NAMES for asked in queries(name)} == {
        one["uid"] for one in loaded(GRAFANA / "provisioning/datasources/latency.yaml")["datasources"]
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_board_has_its_own_names_and_every_panel_a_place(name: str) -> None:
    found = board(name)
    assert (found["uid"], found["timezone"], found["schemaVersion"]) == (name, "utc", 39)
    ids = [panel["id"] for panel in found["panels"]]
    titles = [panel["title"] for panel in found["panels"]]
    assert len(set(ids)) == len(ids)
    assert len(set(titles)) == len(titles)
    taken: set[tuple[int, int]] = set()
    for panel in found["panels"]:
        place = panel["gridPos"]
        cells = set(
            itertools.product(
                range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
            )
        )
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert not taken & cells, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_has_a_source_a_unit_and_queries(name: str) -> None:
    sources = {
        one["uid"]: one["type"]
        for one in loaded(GRAFANA / "provisioning/datasources/latency.yaml")["datasources"]
    }
    found = board(name)
    for panel in (*panels(found), *found["templating"]["list"]):
        source = panel["datasource"]
        assert sources[source["uid"]] == source["type"]
    for panel in panels(found):
        assert panel["type"] in KINDS
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        for override in panel["fieldConfig"]["overrides"]:
            assert {one["value"] for one in override["properties"] if one["id"] == "unit"} <= UNITS
            # A column that is named by no query has a unit for nothing.
            named = override["matcher"]["options"]
            assert any(f"AS {named}" in query["rawSql"] for query in panel["targets"]), panel["title"]
        letters = [query["refId"] for query in panel["targets"]]
        assert letters
        assert len(set(letters)) == len(letters)
        assert {query["datasource"]["uid"] for query in panel["targets"]} == {panel["datasource"]["uid"]}


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_is_used_and_each_that_is_used_is_there(name: str) -> None:
    there = [variable["name"] for variable in board(name)["templating"]["list"]]
    used = set()
    for asked in queries(name):
        names = {match[1] or match[3] for match in VARIABLE.finditer(asked.text)}
        if asked.title.startswith("variable "):
            # Grafana fills variables in their order.
            assert names <= set(there[: there.index(asked.title.removeprefix("variable "))])
        used |= names
    assert used == set(there)
    assert len(set(there)) == len(there)


def test_every_family_of_metrics_has_a_panel() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    families = re.findall(r"^\| `((?:ping|collector)_\w+)` \|", page, re.MULTILINE)
    text = " ".join(asked.text for asked in queries("latency-metrics"))

    assert families
    assert [name for name in families if name not in text] == []


def test_every_view_has_a_panel() -> None:
    page = (ROOT / "docs" / "views.md").read_text(encoding="utf-8")
    text = " ".join(asked.text for asked in queries("latency-results"))

    assert [name for name in re.findall(r"^## (view_\w+)$", page, re.MULTILINE) if name not in text] == []


def test_compose_mounts_what_is_there_and_names_what_is_provisioned() -> None:
    stack = loaded(ROOT / "compose.yaml")
    services = {name: one for name, one in stack["services"].items() if one.get("profiles") == ["grafana"]}
    assert set(services) == {"grafana", "grafana-role", "prometheus"}
    mounted = {}
    for service in services.values():
        for volume in service["volumes"]:
            source, place = volume.split(":")[:2]
            mounted[place] = source
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
            else:
                assert source in stack["volumes"], source
    provider = loaded(GRAFANA / "provisioning/dashboards/latency.yaml")["providers"][0]
    assert mounted[provider["options"]["path"]] == "./examples/grafana/dashboards"
    config = services["prometheus"]["command"][0].removeprefix("--config.file=")
    assert mounted[config] == "./examples/grafana/prometheus.yml"
    for source in loaded(GRAFANA / "provisioning/datasources/latency.yaml")["datasources"]:
        host = source["url"].removeprefix("http://").partition(":")[0]
        assert host in stack["services"]
    # The secrets are files that `collector secrets` makes.
    from collector.commands.secrets import NAMES as MADE

    text = (ROOT / "compose.yaml").read_text() + "".join(path.read_text() for path in GRAFANA.rglob("*.y*ml"))
    # Those of `/run/secrets` are the engine's own, of files that the user names.
    named = set(re.findall(r"(?<!/run)/secrets/([a-z_]+)", text))
    assert {"grafana_password", "grafana_database_password"} <= named
    assert named <= set(MADE)
