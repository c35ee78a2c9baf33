"""Which regions an account has is the account's word."""

from typing import Any

from orchestrator.cloud.regions import HOME, Regions, regions_of

STATUSES = {"eu-west-1": "opt-in-not-required", "af-south-1": "opted-in", "me-south-1": "not-opted-in"}


class Clients:
    """An account with three regions, which answers as EC2 does."""

    def client(self, service: str, region: str) -> "Clients":
        assert (service, region) == ("ec2", HOME)
        return self

    def describe_regions(self, *, AllRegions: bool) -> dict[str, Any]:  # noqa: N803 - the library's word
        assert AllRegions
        return {"Regions": [{"RegionName": name, "OptInStatus": status} for name, status in STATUSES.items()]}


def test_an_opt_in_region_is_on_or_off() -> None:
    found = regions_of(Clients())

    assert found == Regions(enabled=frozenset({"eu-west-1", "af-south-1"}), off=frozenset({"me-south-1"}))


def test_what_docker_machine_cannot_make_is_told() -> None:
    found = regions_of(Clients())

    told = found.told(makeable={"eu-west-1"}, program="docker-machine 0.16.2")

    assert told == (
        "2 regions enabled, off: me-south-1,"
        " docker-machine 0.16.2 cannot make hosts in af-south-1 (a fork can)"
    )


def test_a_fork_makes_hosts_everywhere() -> None:
    assert "cannot" not in regions_of(Clients()).told(makeable=None, program="a fork")
