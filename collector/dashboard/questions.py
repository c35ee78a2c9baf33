"""What a page may be asked: the parameters that its route knows, and no others."""

from difflib import get_close_matches

from fastapi import Request
from fastapi.routing import APIRoute

from collector.errors import Refused


async def only_known(request: Request) -> None:
    """Refuse with 400 a parameter that the page does not know: a filter misspelt would filter nothing."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    known = sorted({field.alias for field in route.dependant.query_params})
    for name in request.query_params:
        if name in known:
            continue
        near = get_close_matches(name, known, n=1)
        hint = (
            f"did you mean {near[0]}=?"
            if near
            else f"this page knows {', '.join(known)}"
            if known
            else "this page has no parameters"
        )
        raise Refused(400, "unknown_parameter", f"{name[:100]}: there is no such parameter here", hint=hint)
