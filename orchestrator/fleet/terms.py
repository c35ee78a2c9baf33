"""What holds for a fleet as a whole: how often it measures, where reports go, what it must not exceed."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from orchestrator.fleet.fields import (
    Dollars,
    Name,
    Seconds,
    Text,
    Truth,
    Whole,
    all_or_list,
    refusal,
    word_or_items,
    written_by_people,
)
from orchestrator.fleet.part import FleetModel

MAX_DURATION_S = 31_536_000.0
"""A year."""


AllOrNames = Annotated[
    Annotated[Literal["all"], Tag("<word>")] | Annotated[tuple[Name, ...], Tag("<items>")],
    Discriminator(word_or_items),
    BeforeValidator(all_or_list),
]
"""`all`, or a list of names."""


class Run(FleetModel):
    """How often each tester measures. `once` and `forever` stand for themselves."""

    repeat: Annotated[Whole, Field(ge=1, le=10_000_000)] | None = Field(1, description="Runs of each tester.")
    every_s: Annotated[Seconds, Field(ge=0, le=MAX_DURATION_S)] = Field(
        0.0, alias="every", description="Time from the start of a run to the start of the next."
    )
    jitter_s: Annotated[Seconds, Field(ge=0, le=MAX_DURATION_S)] = Field(
        0.0, alias="jitter", description="Each run begins later by a random part of this."
    )

    @model_validator(mode="before")
    @classmethod
    def _words(cls, value: Any, info: ValidationInfo) -> Any:
        if value == "once":
            return {"repeat": 1}
        if value == "forever":
            return {"repeat": None}
        if isinstance(value, str):
            raise refusal(
                f"`run: {value}` is not known", "write `once`, `forever` or {repeat: 12, every: 5m}"
            )
        if isinstance(value, dict) and value.get("repeat") == "forever":
            return value | {"repeat": None}
        if isinstance(value, dict) and value.get("repeat", 1) is None and written_by_people(info):
            raise refusal("`repeat` is empty", "write a number or `forever`")
        return value


class SecretRef(FleetModel):
    """Where a secret is, never the secret."""

    file: Text | None = Field(None, description="A file that holds it, relative to the fleet file.")
    env: Text | None = Field(None, description="An environment variable that holds it.")

    @model_validator(mode="before")
    @classmethod
    def _no_value(cls, value: Any) -> Any:
        if isinstance(value, str):
            # The value is not repeated: it may be the secret itself.
            raise refusal("a secret does not stand in a fleet file", "write {file: PATH} or {env: NAME}")
        return value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise refusal("a secret has either `file` or `env`")
        return self


class CollectorAccess(FleetModel):
    """Where reports go. Without a URL, an embedded collector is started on this machine."""

    url: Text | None = Field(None, description="The collector's URL; none: one is started here.")
    port: Annotated[Whole, Field(ge=1, le=65_535)] = Field(
        9090, description="Its port where it is started here."
    )
    admin_token: SecretRef | None = Field(None, description="Registers fleets and testers.")
    reader_token: SecretRef | None = Field(None, description="Reads results.")
    insecure: Truth = Field(
        False, description="Send credentials over plain http to addresses that are not private."
    )
    references: dict[str, Any] = Field(default_factory=dict, exclude=True, repr=False)
    """Keys as written where they hold a `${VAR}`: these leave the program, values do not."""

    @model_validator(mode="after")
    def _scheme(self) -> Self:
        if self.url is not None and not self.url.startswith(("http://", "https://")):
            raise refusal("`url` begins with http:// or https://")
        return self


class Image(FleetModel):
    """Where the tester's container image comes from: at most one of `build`, `load`, `pull`."""

    build: Text | None = Field(None, description="A folder to build it from.")
    args: dict[str, str] = Field(default_factory=dict, description="Build arguments.")
    load: Annotated[bool | str, BeforeValidator(lambda value: _flag_or_path(value))] | None = Field(
        None, description="`true`: built here and streamed to each engine; or a file made by `docker save`."
    )
    pull: Text | None = Field(None, description="A name to pull from a registry.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(way not in (None, False) for way in (self.build, self.load, self.pull)) > 1:
            raise refusal("`build`, `load` and `pull` exclude each other")
        return self


class Schedule(FleetModel):
    """When sweeps start by themselves."""

    name: Name = Field(description="Unique within the fleet.")
    cron: Text = Field(description="Minute, hour, day of month, month, day of week.")
    timezone: Text = Field("UTC", description="The time zone of `cron`, by its IANA name.")
    testers: AllOrNames = Field("all", description="Which testers measure.")
    missed: Literal["run_latest", "skip"] = Field(
        "run_latest", description="What becomes of a start that was missed."
    )

    overlap: Literal["refuse", "queue"] = Field(
        "refuse", description="What becomes of a start while another sweep of the fleet is under way."
    )

    @field_validator("cron")
    @classmethod
    def _comes_due(cls, value: str) -> str:
        from orchestrator.fleet.cron import cron_problem  # its library is for those who have schedules

        if (problem := cron_problem(value)) is not None:
            raise refusal(*problem)
        return value

    @field_validator("timezone")
    @classmethod
    def _exists(cls, value: str) -> str:
        from orchestrator.fleet.cron import zone_problem  # as above

        if (problem := zone_problem(value)) is not None:
            raise refusal(*problem)
        return value


class Limits(FleetModel):
    """What the fleet must not exceed."""

    concurrency: Annotated[Whole, Field(ge=1, le=1_000)] = Field(
        10, description="Hosts that are made or removed at once."
    )
    deadline_s: Annotated[Seconds, Field(gt=0, le=MAX_DURATION_S)] = Field(
        5_400.0, alias="deadline", description="A sweep ends after this time, done or not."
    )
    ttl_s: Annotated[Seconds, Field(gt=0, le=MAX_DURATION_S)] = Field(
        7_200.0, alias="ttl", description="A cloud host ends itself after this time."
    )
    budget_usd: Annotated[Dollars, Field(ge=0)] | None = Field(
        None, alias="budget", description="A fleet that may cost more is refused."
    )
    prices: dict[str, Annotated[Dollars, Field(ge=0)]] = Field(
        default_factory=dict, description="Price of an hour by tester, region or host type."
    )


def _flag_or_path(value: Any) -> Any:
    if not isinstance(value, (bool, str)):
        raise refusal("`load` is `true` or the path of a file")
    return value
