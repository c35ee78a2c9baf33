"""What a client wants to be answered with."""

from fastapi import Request


def is_browser(request: Request) -> bool:
    """Return whether a request asks for HTML by name, as browsers do."""
    return "text/html" in request.headers.get("accept", "")
