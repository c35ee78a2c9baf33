"""A fleet as it is wanted, after everything in its file is expanded."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from orchestrator.fleet.fields import Name
from orchestrator.fleet.measured import Server
from orchestrator.fleet.part import FleetModel, Location
from orchestrator.fleet.terms import CollectorAccess, Image, Limits, Run, Schedule, SecretRef
from orchestrator.fleet.vantage import Probe, Tester, TesterTraits

__all__ = [
    "CollectorAccess",
    "Fleet",
    "FleetModel",
    "Image",
    "Limits",
    "Location",
    "Probe",
    "Run",
    "Schedule",
    "SecretRef",
    "Server",
    "Tester",
    "TesterTraits",
]


class Fleet(FleetModel):
    """Every tester that is wanted, what they measure, and where their reports go.

    `source` says where it was read, `directory` is where its relative paths begin, `left_out` names
    testers of the table that cannot be deployed, each with the reason; none of them is part of its spec.
    """

    version: Literal[1] = 1
    name: Name
    testers: tuple[Tester, ...] = ()
    servers: tuple[Server, ...] = ()
    run: Run = Field(default_factory=Run)
    collector: CollectorAccess = Field(default_factory=CollectorAccess)
    image: Image = Field(default_factory=Image)
    delivery: Literal["auto", "push", "pull"] = "auto"
    schedule: tuple[Schedule, ...] = ()
    limits: Limits = Field(default_factory=Limits)
    source: str = Field("fleet.yaml", exclude=True)
    directory: str = Field(".", exclude=True)
    left_out: tuple[tuple[str, str], ...] = Field((), exclude=True)

    def tester(self, name: str) -> Tester | None:
        """Return the tester of that name, None where there is none."""
        return next((tester for tester in self.testers if tester.name == name), None)

    def testers_by_driver(self) -> dict[str, tuple[str, ...]]:
        """Return the names of the testers that each driver has."""
        names: dict[str, tuple[str, ...]] = {}
        for tester in self.testers:
            names[tester.driver] = (*names.get(tester.driver, ()), tester.name)
        return names

    def testers_of_all_regions(self) -> tuple[str, ...]:
        """Return the names of the testers that say `regions: all`."""
        return tuple(tester.name for tester in self.testers if tester.regions == "all")

    def to_spec(self) -> dict[str, Any]:
        """Return it as plain JSON, as fleet.yaml would have it after expansion; no secret is in it."""
        from orchestrator.fleet.spec import fleet_spec  # spec.py builds on this file

        return fleet_spec(self)

    @classmethod
    def from_spec(
        cls,
        spec: Mapping[str, Any],
        environment: Mapping[str, str],
        *,
        source: str = "spec",
        directory: str = ".",
    ) -> "Fleet":
        """Return the fleet of a spec; raise `FleetFileError` with `source` as its file."""
        from orchestrator.fleet.spec import fleet_of_spec  # spec.py builds on this file

        return fleet_of_spec(spec, environment, source=source, directory=directory)
