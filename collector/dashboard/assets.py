"""What pages load beside themselves: styles, scripts, the font; all of it of this package."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
PREFIX = "/static/"
LONG = "public, max-age=31536000, immutable"
"""A name holds the hash of what it names, so nobody has to ask again."""

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
SQUEEZED = (".css", ".js", ".svg")
_URL = re.compile(rb'url\("([^"#:]+)"\)')


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """One file as it is sent; `zipped` is None where that gains nothing."""

    path: str
    media_type: str
    content: bytes
    zipped: bytes | None


@cache
def assets() -> Mapping[str, Asset]:
    """Return all assets by the name that templates and style sheets know them by: `vendor/x/y.js`."""
    files = sorted(path for path in STATIC.rglob("*") if path.suffix in TYPES)
    # Style sheets name other files, whose hashed names they must hold.
    found: dict[str, Asset] = {}
    for path in sorted(files, key=lambda path: path.suffix == ".css"):
        name = path.relative_to(STATIC).as_posix()
        content = path.read_bytes()
        if path.suffix == ".css":
            content = _URL.sub(lambda match: b'url("' + _hashed(found, match[1]) + b'")', content)
        digest = hashlib.sha256(content).hexdigest()[:12]
        found[name] = Asset(
            path=f"{PREFIX}{path.stem}-{digest}{path.suffix}",
            media_type=TYPES[path.suffix],
            content=content,
            # Without a time in it, so that it is the same in each process.
            zipped=gzip.compress(content, mtime=0) if path.suffix in SQUEEZED else None,
        )
    return found


@cache
def assets_by_path() -> Mapping[str, Asset]:
    """Return all assets by the path that they are served at."""
    return {asset.path: asset for asset in assets().values()}


def asset_path(name: str) -> str:
    """Return where an asset is served; raise `KeyError` for one that there is not."""
    return assets()[name].path


def _hashed(found: Mapping[str, Asset], name: bytes) -> bytes:
    return found[name.decode()].path.encode()
