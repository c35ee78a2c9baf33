"""Testers, and how they probe."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from orchestrator.fleet.fields import (
    Bytes,
    Driver,
    Family,
    Name,
    Number,
    Option,
    Seconds,
    Text,
    Truth,
    Whole,
    refusal,
)
from orchestrator.fleet.part import FleetModel, Location
from wire.job import (
    MAX_INTERVAL_S,
    MAX_PORT,
    MAX_PROBE_COUNT,
    MAX_RATE_PER_S,
    MAX_SIZE_BYTES,
    MAX_TIMEOUT_S,
    MIN_RATE_PER_S,
    ProbePlan,
)


class Probe(FleetModel):
    """How each server address is probed in one run."""

    type: Literal["icmp", "tcp"] = Field(
        "icmp", description="Echo requests, or connects to `port` for servers that drop ICMP."
    )
    port: Annotated[Whole, Field(ge=1, le=MAX_PORT)] | None = Field(
        None, description="Where TCP probes connect to."
    )
    count: Annotated[Whole, Field(ge=1, le=MAX_PROBE_COUNT)] = Field(20, description="Probes per address.")
    interval_s: Annotated[Seconds, Field(ge=0, le=MAX_INTERVAL_S)] = Field(
        0.2, alias="interval", description="Time between two probes to one address."
    )
    timeout_s: Annotated[Seconds, Field(ge=0.001, le=MAX_TIMEOUT_S)] = Field(
        2.0, alias="timeout", description="A probe without an answer after this time is late or lost."
    )
    size: Annotated[Bytes, Field(ge=0, le=MAX_SIZE_BYTES)] = Field(
        56, description="Payload in bytes, after the ICMP header."
    )
    ip: Annotated[Literal["4", "6", "both"], Family] = Field(
        "both", description="Which addresses of a name are probed."
    )
    dscp: Annotated[Whole, Field(ge=0, le=63)] = Field(0, description="DiffServ code point (RFC 2474).")

    rate: Annotated[Number, Field(ge=MIN_RATE_PER_S, le=MAX_RATE_PER_S)] | None = Field(
        None, description="Probes a second over all addresses, at most; else as the interval has it."
    )

    trace: Literal["off", "worst", "all"] = Field(
        "off", description="Whose path is traced after a run: nobody's, the worst five rows', or all."
    )

    @model_validator(mode="after")
    def _port_of_tcp(self) -> Self:
        if self.type == "tcp" and self.port is None:
            raise refusal("a TCP probe needs a `port`", "such as `port: 443`")
        if self.type == "icmp" and self.port is not None:
            raise refusal("`port` is for TCP probes", "set `type: tcp`, or take it out")
        return self

    def to_wire(self) -> ProbePlan:
        """Return it as testers are told."""
        return ProbePlan(
            type=self.type,
            port=self.port,
            count=self.count,
            interval_s=self.interval_s,
            timeout_s=self.timeout_s,
            size_bytes=self.size,
            ip=self.ip,
            dscp=self.dscp,
            rate_per_s=self.rate,
            trace=self.trace,
        )


class TesterTraits(FleetModel):
    """What a tester and a template have in common."""

    driver: Driver = Field(
        "local", description="What makes its host: `local`, `docker` or a driver of docker-machine."
    )
    location: Location | None = Field(None, description="Where it stands.")
    options: dict[str, Option] = Field(
        default_factory=dict,
        repr=False,  # an interpolated value may be a secret
        description="What the driver is told; `${VAR}` here stays a reference.",
    )
    spot: Truth = Field(False, description="Whether spare capacity will do, cheaper and revocable.")
    probe: Probe = Field(default_factory=Probe, description="How it probes.")
    provider: Text | None = Field(None, description="Who runs its host, for reports.")


class Tester(TesterTraits):
    """A named vantage point; one tester is one host."""

    name: Name = Field(description="Unique within the fleet.")
    regions: Literal["all"] | None = Field(
        None, description="`all`: one tester for every region that the account has."
    )
    references: dict[str, Option] = Field(default_factory=dict, exclude=True, repr=False)
    """Options as written where they hold a `${VAR}`, by name: these leave the program, values do not."""

    @property
    def region(self) -> str:
        """The region that it stands in, its name where none is given."""
        return (self.location and self.location.region) or self.name

    def to_spec(self) -> dict[str, Any]:
        """Return it as plain JSON, as fleet.yaml would have it; references stay references."""
        from orchestrator.fleet.spec import tester_spec  # spec.py builds on this file

        return tester_spec(self)
