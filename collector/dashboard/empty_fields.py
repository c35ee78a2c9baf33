"""Fields of a form that were left empty: for a page they are as good as none."""

from starlette.types import ASGIApp, Receive, Scope, Send

DATA = "/api/v1"
"""What is for programs takes a question as it is."""


class DropEmptyFields:
    """Takes `name=` out of the query of a page: a browser without scripts sends every field of a form."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["query_string"] and not scope["path"].startswith(DATA):
            pairs = [pair.partition(b"=") for pair in scope["query_string"].split(b"&")]
            kept = [b"".join(pair) for pair in pairs if pair[2] or not pair[1]]
            scope = {**scope, "query_string": b"&".join(kept)}
        await self._app(scope, receive, send)
