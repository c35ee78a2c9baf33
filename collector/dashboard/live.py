"""What a page that moves needs: from which event on it has to listen, and how it is loaded again."""

from dataclasses import dataclass

from fastapi import Request

from collector.history.events import newest_event
from collector.session import reading
from collector.web.state import Services


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """The newest event before a page was read, and the page's own address."""

    after: int
    here: str


def live_before(request: Request, at: Services) -> Live:
    """Return where to listen from; call it before anything is read, so that nothing is missed between."""
    with reading(at.engine) as connection:
        after = newest_event(connection)
    query = request.url.query
    return Live(after=after, here=request.url.path + (f"?{query}" if query else ""))
