"""How this package speaks to a cloud: clients by service and region, and the codes of refusals."""

from collections.abc import Iterator
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from orchestrator.errors import OrchestratorError

REFUSALS = (ClientError, BotoCoreError, OrchestratorError)
"""What a call raises when the cloud did not do it, in the library's words or in ours."""


class Clients(Protocol):
    """An account that is asked by the library's own clients."""

    def client(self, service: str, region: str) -> Any:
        """Return the client of a service in a region."""


def code_of(error: BaseException) -> str:
    """Return the cloud's own code of a refusal, empty where it gave none."""
    for each in _chain(error):
        if isinstance(each, ClientError):
            return str(each.response.get("Error", {}).get("Code", ""))
        if isinstance(code := getattr(each, "code", None), str):
            return code
    return ""


def words_of(error: BaseException) -> str:
    """Return what a refusal says, in one line."""
    if isinstance(error, OrchestratorError):
        return ": ".join(text for text in (error.what, error.cause) if text)
    return " ".join(str(error).split())


def pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    """Yield the items of a list that the cloud gives in pages."""
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page[key]
        return
    yield from getattr(client, operation)(**arguments)[key]


def tags_of(item: dict[str, Any]) -> dict[str, str]:
    """Return the tags of a resource by their keys."""
    return {tag["Key"]: tag["Value"] for tag in item.get("Tags") or ()}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Return tags as the cloud wants them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__
