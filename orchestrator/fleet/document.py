"""What people may write in a fleet file, before anything in it is expanded."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from orchestrator.fleet.fields import (
    Name,
    Text,
    Texts,
    Whole,
    all_or_list,
    kind_of_value,
    refusal,
    word_or_items,
)
from orchestrator.fleet.model import (
    CollectorAccess,
    FleetModel,
    Image,
    Limits,
    Probe,
    Run,
    Schedule,
    Server,
    TesterTraits,
)


class Defaults(TesterTraits):
    """What holds for every tester that does not say otherwise."""


class Template(TesterTraits):
    """What testers that `use` it have in common, merged deeply under what they say themselves."""

    use: Texts = Field((), description="Templates that this one builds on.")


class TesterEntry(TesterTraits):
    """One tester, or several that differ in their number or their region."""

    name: Name = Field(description="Unique within the fleet.")
    use: Texts = Field((), description="A template or a list of them, merged deeply; later ones win.")
    count: Annotated[Whole, Field(ge=1, le=1_000)] | None = Field(
        None, description="Makes NAME-1, NAME-2 and so on."
    )
    regions: Annotated[
        Annotated[Literal["all"], Tag("<word>")] | Annotated[tuple[Text, ...], Tag("<items>")],
        Discriminator(word_or_items),
        BeforeValidator(all_or_list),
    ] = Field((), description="Makes NAME-REGION for each; `all`: every region that the account has.")


class ServerEntry(Server):
    """One server."""

    name: Text = Field("", description="Unique within the fleet.")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.name and not self.from_testers:
            raise refusal("`name` is missing")
        return self


TesterNamesOrEntries = Annotated[
    Annotated[tuple[Name, ...], Tag("<items>")] | Annotated[tuple[TesterEntry, ...], Tag("<mappings>")],
    Discriminator(kind_of_value),
]
ServerNamesOrEntries = Annotated[
    Annotated[tuple[Text, ...], Tag("<items>")] | Annotated[tuple[ServerEntry, ...], Tag("<mappings>")],
    Discriminator(kind_of_value),
]


class Profile(FleetModel):
    """A variant of the fleet, chosen by `--profile NAME`; its mappings merge over the fleet's."""

    testers: TesterNamesOrEntries | None = Field(
        None, description="Names select among the fleet's testers, mappings stand in their place."
    )
    servers: ServerNamesOrEntries | None = Field(
        None, description="Names select among the fleet's servers, mappings stand in their place."
    )
    probe: Probe = Field(default_factory=Probe, description="Merged over the probe of every tester.")
    templates: dict[str, Template] = Field(default_factory=dict, description="Further templates.")
    defaults: Defaults = Field(default_factory=Defaults, description="Merged over the fleet's defaults.")
    run: Run = Field(default_factory=Run, description="How often each tester measures.")
    collector: CollectorAccess = Field(default_factory=CollectorAccess, description="Where reports go.")
    image: Image = Field(default_factory=Image, description="Where the tester's image comes from.")
    delivery: Literal["auto", "push", "pull"] = Field("auto", description="How reports reach the collector.")
    schedule: tuple[Schedule, ...] = Field((), description="When sweeps start by themselves.")
    limits: Limits = Field(default_factory=Limits, description="What the fleet must not exceed.")


class Document(FleetModel):
    """A fleet file with all that it includes."""

    schema_: Any = Field(
        None, alias="$schema", exclude=True, description="Where an editor finds this schema."
    )
    version: Literal[1] = Field(1, description="The version of this format.")
    name: Name = Field(description="The fleet's name; it becomes part of the names of hosts.")
    include: Texts = Field((), description="Files to read as well, relative to this one; `*` is allowed.")
    templates: dict[str, Template] = Field(
        default_factory=dict, description="Named parts that testers `use`."
    )
    defaults: Defaults = Field(
        default_factory=Defaults, description="What holds for every tester that does not say otherwise."
    )
    testers: tuple[TesterEntry, ...] = Field((), description="The vantage points.")
    servers: tuple[ServerEntry, ...] = Field((), description="What every tester measures.")
    run: Run = Field(default_factory=Run, description="How often each tester measures.")
    collector: CollectorAccess = Field(
        default_factory=CollectorAccess,
        description="Where reports go; no `url`: a collector is started here.",
    )
    image: Image = Field(default_factory=Image, description="Where the tester's container image comes from.")
    delivery: Literal["auto", "push", "pull"] = Field(
        "auto", description="Whether testers send their reports, or the orchestrator fetches them."
    )
    schedule: tuple[Schedule, ...] = Field((), description="When sweeps start by themselves.")
    limits: Limits = Field(default_factory=Limits, description="What the fleet must not exceed.")
    profiles: dict[str, Profile] = Field(
        default_factory=dict, description="Variants, chosen by `--profile NAME`."
    )
