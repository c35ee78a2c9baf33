"""A moment as an option of a command."""

from datetime import UTC, datetime

import click


class Moment(click.ParamType[datetime]):
    """A day or a time in ISO 8601; one without an offset is UTC."""

    name = "time"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return an aware time."""
        if isinstance(value, datetime):
            return value
        try:
            time = datetime.fromisoformat(value)
            return time.astimezone(UTC) if time.tzinfo is not None else time.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither a day nor a time; write it like 2026-03-01", param, ctx)
