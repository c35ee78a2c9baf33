"""Servers."""

from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from orchestrator.fleet.fields import Text, refusal
from orchestrator.fleet.part import FleetModel, Location


class Server(FleetModel):
    """Something to measure: an address, a name, or every tester of the fleet."""

    name: Annotated[Text, Field(min_length=1)] = Field(description="Unique within the fleet.")
    group: Text = Field("", description="What it belongs to, for reports.")
    host: Text | None = Field(None, description="An address, or a name of which every A and AAAA is probed.")
    resolve: Literal["tester"] = Field("tester", description="Who looks its name up.")
    location: Location | None = Field(None, description="Where it stands.")
    from_testers: Annotated[bool, BeforeValidator(lambda value: _testers_word(value))] = Field(
        False, alias="from", description="`testers`: every tester's own address, once it is known."
    )

    @model_validator(mode="before")
    @classmethod
    def _name_of_testers(cls, value: Any) -> Any:
        if isinstance(value, dict) and "from" in value and "name" not in value:
            return {"name": "testers"} | value
        return value

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if self.from_testers and self.host is not None:
            raise refusal("`from` and `host` exclude each other")
        if not self.from_testers and self.host is None:
            raise refusal(f"server `{self.name}` needs a `host`", "an address, a name, or `from: testers`")
        if self.host is not None and not _is_host(self.host):
            raise refusal(
                f"`{self.host}` is neither an address nor a host name", "no port, no scheme, no path"
            )
        return self


def _testers_word(value: Any) -> Any:
    if isinstance(value, str):
        if value != "testers":
            raise refusal(f"`from: {value}` is not known", "write `from: testers`")
        return True
    return value


def _is_host(text: str) -> bool:
    if ":" in text or text.replace(".", "").isdecimal():
        try:
            ip_address(text)
        except ValueError:
            return False
        return True
    labels = text.removesuffix(".").split(".")
    return len(text) <= 253 and all(_is_label(label) for label in labels)


def _is_label(label: str) -> bool:
    return 0 < len(label) <= 63 and all(letter.isalnum() or letter in "-_" for letter in label)
