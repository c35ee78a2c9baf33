"""The door to a Docker engine: images."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import ImageNotFound, NotFound
from docker.utils import parse_repository_tag
from docker.utils.build import exclude_paths

from orchestrator.errors import ConfigurationError
from orchestrator.events import printable
from orchestrator.places.engines.containers import Engine, EngineRefused

SHOWN_LINES = 20
"""What is shown of the output of a build that failed."""

STEP_SILENCE_S = 900.0
"""How long one step of a build, a load or a pull may say nothing, where the deadline is not sooner."""

CONFLICT = 409
BUILD_ATTEMPTS = 3
LAYER_TAKEN = re.compile(
    r"failed to get digest|[Nn]o such image|unknown parent image|layer does not exist|failed to export image"
)
"""How a build ends that stood on a layer while somebody removed the last image that had it."""

CHUNK_BYTES = 1_048_576
PULL_HINT = "see that the host reaches the registry; else say `image: {load: true}`"


class BuildFailed(ConfigurationError):
    """An image could not be built, loaded or pulled; the cause is what the engine said last."""

    card_code = "image-failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """An image of an engine: its id and its names."""

    id: str
    tags: tuple[str, ...]


def image_of(engine: Engine, name: str) -> Image | None:
    """Return an image by name or id, None where the engine has none."""
    with engine.asking():
        try:
            found: dict[str, Any] = engine.client.inspect_image(name)  # type: ignore[no-untyped-call]  # not in the stubs
        except (ImageNotFound, NotFound):
            return None
    return Image(id=str(found["Id"]), tags=tuple(found.get("RepoTags") or ()))


def build(
    engine: Engine, *, context: Path, dockerfile: str, tag: str, args: Mapping[str, str], network: str | None
) -> None:
    """Build an image from a tar on this machine; raise `BuildFailed` with the build's own words.

    `network` None gives the build the engine's default network.
    """
    with _named(f"the tester's image cannot be built on {engine.name}"):
        for attempt in range(1, BUILD_ATTEMPTS + 1):
            try:
                with context.open("rb") as tar, engine.asking(silence_s=STEP_SILENCE_S):
                    _to_end(
                        engine,
                        engine.client.build(
                            fileobj=tar,
                            custom_context=True,
                            dockerfile=dockerfile,
                            tag=tag,
                            buildargs=dict(args),
                            network_mode=network,
                            rm=True,
                            forcerm=True,
                            decode=True,
                            timeout=engine.client.timeout,
                        ),
                    )
            except EngineRefused as error:
                if attempt == BUILD_ATTEMPTS or LAYER_TAKEN.search(error.cause or error.what) is None:
                    raise
            else:
                return


def load(engine: Engine, chunks: Iterable[bytes]) -> None:
    """Stream an image that `docker save` made; raise `BuildFailed`."""
    with _named(f"the tester's image cannot be loaded on {engine.name}"):
        with engine.asking(silence_s=STEP_SILENCE_S):
            lines = engine.client.load_image(_not_empty(chunks))  # type: ignore[no-untyped-call]  # not in the stubs
        _to_end(engine, lines or iter(()))


def saved(engine: Engine, name: str) -> Iterator[bytes]:
    """Return an image as `docker save` writes it, chunk by chunk."""
    with engine.asking(silence_s=STEP_SILENCE_S):
        stream = engine.client.get_image(name, chunk_size=CHUNK_BYTES)
    return engine.chunks(stream)


def pull(engine: Engine, name: str) -> None:
    """Pull an image from its registry, with this user's credentials for it; raise `BuildFailed`."""
    repository, tag = parse_repository_tag(name)
    with _named(f"{name} cannot be pulled on {engine.name}", next_step=PULL_HINT):
        with engine.asking(silence_s=STEP_SILENCE_S):
            lines = engine.client.pull(repository, tag=tag or "latest", stream=True, decode=True)
        _to_end(engine, lines)


def tag(engine: Engine, image: str, name: str) -> None:
    """Give an image a name, taking it from whichever image had it."""
    repository, label = parse_repository_tag(name)
    with engine.asking():
        engine.client.tag(image, repository, tag=label, force=True)


def remove_image(engine: Engine, name: str) -> None:
    """Remove a name, and the image with its last one; one that is gone, or in use, is well."""
    try:
        with engine.asking():
            try:
                engine.client.remove_image(name)
            except (ImageNotFound, NotFound):
                return
    except EngineRefused as error:
        if error.status != CONFLICT:
            raise


def kept_paths(folder: Path, *, dockerfile: str) -> list[str]:
    """Return what `.dockerignore` leaves of a folder, below it and sorted."""
    ignored = folder / ".dockerignore"
    lines = ignored.read_text(encoding="utf-8").splitlines() if ignored.is_file() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    return sorted(exclude_paths(str(folder), patterns, dockerfile=dockerfile))


@contextmanager
def _named(what: str, *, next_step: str = "") -> Iterator[None]:
    """Say what failed where the engine says only why."""
    try:
        yield
    except EngineRefused as error:
        raise BuildFailed(what, cause=error.cause or error.what, next_step=next_step) from None


def _to_end(engine: Engine, lines: Iterator[dict[str, Any]]) -> None:
    said: list[str] = []
    while True:
        with engine.asking(silence_s=STEP_SILENCE_S):
            line = next(lines, None)
        if line is None:
            return
        text = line.get("error") or line.get("stream") or line.get("status") or ""
        said += [printable(part.rstrip()) for part in str(text).splitlines() if part.strip()]
        del said[:-SHOWN_LINES]
        if "error" in line:
            raise EngineRefused(said[-1] if said else "it did not say why", cause="\n".join(said))


def _not_empty(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if chunk:
            yield chunk
