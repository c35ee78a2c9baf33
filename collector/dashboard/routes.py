"""All pages, under one roof: GET alone, readers alone, and nothing changes by looking."""

from fastapi import APIRouter, Depends, Request, Response

from collector.auth import require_reader
from collector.dashboard import api, compare, fleet, matrix, path, runs, servers, slow, sweeps
from collector.dashboard.assets import LONG, PREFIX, assets_by_path
from collector.dashboard.questions import only_known
from collector.errors import Refused
from collector.web.encodings import gzip_wanted

router = APIRouter(include_in_schema=False)

pages = APIRouter(dependencies=[Depends(require_reader), Depends(only_known)])


@router.get(PREFIX + "{name}")
async def asset(request: Request, name: str) -> Response:
    """A style sheet, a script, the font; they say nothing of what was measured, so anybody may read them."""
    found = assets_by_path().get(PREFIX + name)
    if found is None:
        raise Refused(404, "unknown_asset", "there is no such file", hint="load the page again")
    headers = {"Cache-Control": LONG}
    if found.zipped is not None:
        headers["Vary"] = "Accept-Encoding"
        if gzip_wanted(request.headers.get("accept-encoding", "")):
            return Response(
                found.zipped, media_type=found.media_type, headers=headers | {"Content-Encoding": "gzip"}
            )
    return Response(found.content, media_type=found.media_type, headers=headers)


for part in (matrix, slow, path, sweeps, runs, compare, fleet, servers, api):
    pages.include_router(part.router)
router.include_router(pages)
