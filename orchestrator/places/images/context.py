"""The folder that the tester's image is built from: `python -m orchestrator.places.images.context DIR`."""

import argparse
import hashlib
import io
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from orchestrator.errors import ConfigurationError, OrchestratorError
from orchestrator.places.images.image import kept_paths
from orchestrator.places.images.wheels import package, wheels

DOCKERFILE = "Dockerfile"
TESTERS_DOCKERFILE = "tester/Dockerfile"
WHEELS = "wheels"


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """A context as a tar on this machine; the same content has the same `digest`."""

    tar: Path
    dockerfile: str
    digest: str


def own_files() -> dict[str, bytes]:
    """Return our own context: the Dockerfile and the wheels, made of what is installed here."""
    return {DOCKERFILE: (package("tester") / DOCKERFILE).read_bytes()} | _wheels()


def write_folder(folder: Path) -> None:
    """Write our own context for somebody who builds by hand."""
    for name, body in own_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def context_of(folder: Path | None, *, scratch: Path) -> Context:
    """Pack a folder, None for our own context, into a tar below `scratch`.

    A folder with the tester's own Dockerfile, such as a checkout, gets the wheels that this one
    needs. Raise `ConfigurationError` for a folder that has no Dockerfile.
    """
    dockerfile = DOCKERFILE if folder is None else _dockerfile(folder)
    extra = own_files() if folder is None else _missing_wheels(folder, dockerfile)
    paths = [] if folder is None else kept_paths(folder, dockerfile=dockerfile)
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = scratch / f".context.{id(extra)}"
    try:
        with draft.open("w+b") as file:
            _pack(file, folder=folder, paths=paths, extra=extra)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        tar = draft.replace(scratch / f"context-{digest[:20]}.tar")
    finally:
        draft.unlink(missing_ok=True)
    return Context(tar=tar, dockerfile=dockerfile, digest=digest)


def _dockerfile(folder: Path) -> str:
    for name in (DOCKERFILE, TESTERS_DOCKERFILE):
        if (folder / name).is_file():
            return name
    raise ConfigurationError(
        f"there is no Dockerfile in {folder}",
        cause="`image: {build: FOLDER}` wants one there, or in `tester/` below it",
        next_step="mend the folder, or leave `image` out: the tester's own image is built then",
    )


def _missing_wheels(folder: Path, dockerfile: str) -> dict[str, bytes]:
    """Return the wheels that a checkout lacks: they are made, not kept."""
    if dockerfile != TESTERS_DOCKERFILE or (folder / WHEELS).is_dir():
        return {}
    return _wheels()


def _wheels() -> dict[str, bytes]:
    return {f"{WHEELS}/{wheel.name}": wheel.content for wheel in wheels()}


def _pack(file: BinaryIO, *, folder: Path | None, paths: Sequence[str], extra: dict[str, bytes]) -> None:
    """Write a tar without owners and times, which say nothing of what is built."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in paths:
            assert folder is not None
            entry = tar.gettarinfo(str(folder / path), arcname=path)
            # Sockets have no entry.
            if entry is not None:
                _add(tar, entry, folder / path)
        for path, body in sorted(extra.items()):
            entry = _plain(tarfile.TarInfo(path))
            entry.size, entry.mode = len(body), 0o644
            tar.addfile(entry, io.BytesIO(body))


def _add(tar: tarfile.TarFile, entry: tarfile.TarInfo, path: Path) -> None:
    _plain(entry)
    if not entry.isfile():
        tar.addfile(entry)
        return
    with path.open("rb") as source:
        tar.addfile(entry, cast("BinaryIO", source))


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime = 0
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def main(argv: Sequence[str]) -> int:
    """Write the context and say how to build from it."""
    parser = argparse.ArgumentParser(
        prog="image_context", description="Writes what the tester's image is built from."
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    folder = parser.parse_args(argv).folder
    try:
        write_folder(folder)
    except (OSError, OrchestratorError) as error:
        sys.stderr.write(f"image_context: {error}\n")
        return 1
    sys.stdout.write(f"docker build -t tester {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
