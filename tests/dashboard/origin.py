"""A collector that serves, and the database behind it."""

import json
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a collector answers, and its database, to be counted by hand."""

    url: str
    engine: sa.Engine

    def get(self, path: str, **parameters: object) -> Any:
        """Return what its API says."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}{query}", timeout=30) as answer:
            return json.load(answer)

    def rows(self, query: sa.Select[Any]) -> list[Any]:
        """Return rows of the database."""
        with self.engine.connect() as connection:
            return list(connection.execute(query))
