"""What every part of a fleet has in common."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orchestrator.fleet.fields import Number, Text, refusal


class FleetModel(BaseModel):
    """A part of a fleet: it cannot change, and a key that nobody knows is refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True, allow_inf_nan=False
    )


class Location(FleetModel):
    """Where a tester or a server stands. With latitude and longitude, RTTs are held against the distance."""

    region: Text | None = Field(None, description="The region's name, as reports show it.")
    lat: Annotated[Number, Field(ge=-90, le=90)] | None = Field(None, description="Latitude in degrees.")
    lon: Annotated[Number, Field(ge=-180, le=180)] | None = Field(None, description="Longitude in degrees.")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise refusal("`lat` and `lon` belong together", "give both or neither")
        return self
