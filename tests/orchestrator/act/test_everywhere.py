"""`regions: all` is one tester for each region in which a host can be had."""

from pathlib import Path

import pytest

from orchestrator.act import everywhere as module
from orchestrator.act.everywhere import everywhere
from orchestrator.cloud.regions import Regions
from orchestrator.errors import ConfigurationError
from orchestrator.fleet.file import read_fleet
from orchestrator.fleet.model import Fleet
from orchestrator.places.machine.docker_machine import Program
from orchestrator.settings import Edge, read_settings


class Upstream:
    """A docker-machine of the upstream kind."""

    def version(self) -> Program:
        return Program(fork="upstream", version="0.16.2")


@pytest.fixture
def edge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edge:
    there = Regions(
        enabled=frozenset({"eu-west-1", "af-south-1", "us-east-1"}), off=frozenset({"me-south-1"})
    )
    monkeypatch.setattr("orchestrator.cloud.regions.regions_of", lambda _: there)
    monkeypatch.setattr(module, "program_at", lambda _: Upstream())
    environment = {"ORCHESTRATE_STATE_DIR": str(tmp_path)}
    return Edge(settings=read_settings(environment), environment=environment)


def fleet(testers: str) -> Fleet:
    return read_fleet(None, text=f"version: 1\nname: mill\ntesters: {testers}", environment={})


def test_each_region_that_is_enabled_and_can_be_made_has_a_tester(edge: Edge) -> None:
    found = everywhere(
        fleet("[{name: aws, driver: amazonec2, regions: all, spot: true}, {name: desk}]"), edge=edge
    )

    assert [tester.name for tester in found.testers] == ["aws-eu-west-1", "aws-us-east-1", "desk"]
    assert [tester.region for tester in found.testers[:2]] == ["eu-west-1", "us-east-1"]
    assert found.testers[0].options["amazonec2-region"] == "eu-west-1"
    assert found.testers[0].spot
    assert found.testers_of_all_regions() == ()


def test_a_name_that_another_tester_has_is_refused(edge: Edge) -> None:
    with pytest.raises(ConfigurationError, match="aws-eu-west-1"):
        everywhere(fleet("[{name: aws, driver: amazonec2, regions: all}, {name: aws-eu-west-1}]"), edge=edge)


def test_a_name_that_gets_too_long_is_refused(edge: Edge) -> None:
    name = "a" * 60

    with pytest.raises(ConfigurationError, match=f"{name}-eu-west-1"):
        everywhere(fleet(f"[{{name: {name}, driver: amazonec2, regions: all}}]"), edge=edge)


def test_a_cloud_that_nobody_can_ask_wants_its_regions_named(edge: Edge) -> None:
    with pytest.raises(ConfigurationError, match="regions: all") as caught:
        everywhere(fleet("[{name: do, driver: digitalocean, regions: all}]"), edge=edge)

    assert "regions: [" in caught.value.next_step
