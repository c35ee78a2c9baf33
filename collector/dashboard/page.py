"""A page: a template with what it shows, and the headers that keep it from doing more."""

import gzip
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from collector.dashboard import formats
from collector.dashboard.assets import asset_path
from collector.web.encodings import gzip_wanted
from collector.web.health import VERSION

TEMPLATES = Path(__file__).parent / "templates"

SECURITY = {
    # No script and no style but those of this package, nothing from elsewhere, no frame around it.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
SQUEEZE_FROM = 1_000

NAVIGATION = (
    ("matrix", "/matrix", "Matrix"),
    ("slow", "/slow", "Slow regions"),
    ("sweeps", "/sweeps", "Sweeps"),
    ("compare", "/compare", "Compare"),
    ("fleet", "/fleet", "Fleet"),
    ("servers", "/servers", "Servers"),
    ("api", "/api", "API"),
)


def page(
    request: Request,
    template: str,
    *,
    title: str,
    active: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    keep_fleet: bool = True,
    **shown: Any,
) -> Response:
    """Return a page; `active` is the entry of the navigation that it belongs to.

    A fleet that the address names stays named in every link (`link` in templates).
    """
    fleet = request.query_params.get("fleet") if keep_fleet else None
    text = (
        environment()
        .get_template(template)
        .render(
            title=title,
            active=active,
            navigation=NAVIGATION,
            version=VERSION,
            fleet_asked=fleet,
            link=lambda path, **parameters: link(path, **{"fleet": fleet} | parameters),
            **shown,
        )
    )
    return html(request, text, status=status, headers=headers)


def html(
    request: Request, text: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a text as the page that it is; what has no letter of its own in UTF-8 becomes a mark."""
    content = text.encode("utf-8", errors="replace")
    sent = {"Vary": "Accept, Accept-Encoding", **SECURITY, **(headers or {})}
    if len(content) >= SQUEEZE_FROM and gzip_wanted(request.headers.get("accept-encoding", "")):
        content = gzip.compress(content, compresslevel=4, mtime=0)
        sent["Content-Encoding"] = "gzip"
    return Response(content, status_code=status, media_type="text/html; charset=utf-8", headers=sent)


def link(path: str, **parameters: Any) -> str:
    """Return an address with its query; what is None or empty is left out, lists are named repeatedly."""
    given = [
        (name, _text(value))
        for name, values in parameters.items()
        for value in (values if isinstance(values, list | tuple) else (values,))
        if value is not None and value != ""
    ]
    # Half of a surrogate pair has no UTF-8: such a name cannot be asked for, and is no reason to fail.
    return path + ("?" + urlencode(given, errors="replace") if given else "")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@cache
def environment() -> Environment:
    """Return the templates; whatever they are given is text, and is escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for name in (
        "ms", "exact_ms", "change_ms", "percent", "change_percent", "count", "plural", "when", "duration",
        "word",
    ):  # fmt: skip
        made.filters[name] = getattr(formats, name)
    made.filters["pair"] = lambda value: (value, value)
    made.globals["asset"] = asset_path
    return made
