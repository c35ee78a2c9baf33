"""Wheels of the tester and of what it needs, made of what is installed here."""

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from orchestrator.errors import ConfigurationError

PROJECT = "orchestrate-latency"
NAME = "orchestrate_latency_tester"
PACKAGES = ("tester", "wire")
REQUIRED = ("icmplib",)
"""What the tester needs beside the standard library."""

LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The date of every file in a wheel: the same content makes the same bytes."""

NOT_PACKED = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
"""What an installation adds to a wheel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheel:
    """A wheel: its file name and its bytes."""

    name: str
    content: bytes


def wheels() -> list[Wheel]:
    """Return all that the tester's image installs; raise `ConfigurationError` where a part is missing."""
    return [_tester(), *(_repacked(name) for name in REQUIRED)]


def package(name: str) -> Path:
    """Return the directory of one of our packages, without importing it."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(
            f"the package {name!r} is not installed here, so no tester image can be made of it",
            next_step="install orchestrate-latency as a whole, or give `image: {pull: NAME}`",
        )
    return Path(next(iter(spec.submodule_search_locations)))


def tester_version() -> str:
    """Return the version of the tester that is installed here."""
    try:
        return version(PROJECT)
    except PackageNotFoundError:
        return "0"


def _tester() -> Wheel:
    info = f"{NAME}-{tester_version()}.dist-info"
    files = {
        (PurePosixPath(name) / path.relative_to(directory).as_posix()).as_posix(): path.read_bytes()
        for name in PACKAGES
        for directory in [package(name)]
        for path in directory.rglob("*.py")
    }
    needed = "".join(f"Requires-Dist: {name}\n" for name in REQUIRED)
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {NAME.replace('_', '-')}\nVersion: {tester_version()}\n{needed}"
    ).encode()
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: orchestrate\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files[f"{info}/entry_points.txt"] = b"[console_scripts]\ntester = tester.__main__:main\n"
    return Wheel(name=f"{NAME}-{tester_version()}-py3-none-any.whl", content=_packed(files, info=info))


def _repacked(name: str) -> Wheel:
    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise ConfigurationError(
            f"{name} is not installed here, and the tester's image needs it",
            next_step=f"install orchestrate-latency as a whole: it brings {name}",
        ) from None
    files = _files(found)
    wheel = next((path for path in files if path.endswith(".dist-info/WHEEL")), None)
    tags = _field(files[wheel], "Tag") if wheel is not None else []
    if wheel is None or not all(tag.endswith("-none-any") for tag in tags):
        raise ConfigurationError(f"the installed {name} is no pure Python wheel, so it fits no other machine")
    info = wheel.rpartition("/")[0]
    pythons = ".".join(dict.fromkeys(part for tag in tags for part in tag.split("-")[0].split(".")))
    return Wheel(
        name=f"{info.removesuffix('.dist-info')}-{pythons}-none-any.whl", content=_packed(files, info=info)
    )


def _files(found: Distribution) -> dict[str, bytes]:
    """Return what a distribution's RECORD lists, but for what lies outside, such as scripts."""
    files: dict[str, bytes] = {}
    for path in found.files or []:
        outside = ".." in path.parts or path.is_absolute() or "__pycache__" in path.parts
        if not outside and not (path.parent.suffix == ".dist-info" and path.name in NOT_PACKED):
            files[path.as_posix()] = path.read_binary()
    return files


def _field(text: bytes, name: str) -> list[str]:
    lines = text.decode().splitlines()
    return [line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:")]


def _packed(files: Mapping[str, bytes], *, info: str) -> bytes:
    record = f"{info}/RECORD"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, body in [*sorted(files.items()), (record, _record(sorted(files.items()), record))]:
            entry = zipfile.ZipInfo(path, date_time=LONG_AGO)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            # The system on which a wheel was made stands in it, and is nobody's business.
            entry.create_system = 3
            archive.writestr(entry, body)
    return content.getvalue()


def _record(files: Iterable[tuple[str, bytes]], record: str) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for path, body in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
        rows.writerow([path, f"sha256={digest}", len(body)])
    rows.writerow([record, "", ""])
    return text.getvalue().encode()
