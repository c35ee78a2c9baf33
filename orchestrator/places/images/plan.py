"""How the tester's image comes to an engine: built there, streamed from here, or pulled."""

import hashlib
import json
import tarfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import ConfigurationError
from orchestrator.fleet.terms import Image as Wanted
from orchestrator.places.engines.containers import Engine, open_engine
from orchestrator.places.engines.engine import EngineAddress, EngineUnreachable
from orchestrator.places.images import image as images
from orchestrator.places.images.context import Context, context_of
from orchestrator.places.images.wheels import tester_version
from orchestrator.places.place import Say

REPOSITORY = "orchestrate-tester"
"""Our name for every image that we brought to an engine; one that was there keeps to its own."""

CHUNK_BYTES = 1_048_576
MOST_MANIFEST_BYTES = 4_194_304


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """What a file made by `docker save` holds: one image, and its names."""

    image_id: str
    tags: tuple[str, ...]


class ImagePlan:
    """The image of one fleet. `local` is the engine that builds what is streamed to others.

    Relative paths lie below `base`; what is packed for a build lies in `scratch`.
    """

    def __init__(self, wanted: Wanted | None, *, base: Path, scratch: Path, local: EngineAddress) -> None:
        self._wanted = wanted or Wanted()
        self._base = base
        self._scratch = scratch
        self._local = local
        self._guard = threading.Lock()
        self._busy: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._context: Context | None = None

    def tag(self) -> str:
        """Return our own name for the image: the same content has the same; raise `ConfigurationError`."""
        if self._wanted.pull is not None:
            return _tag(self._wanted.pull.encode())
        if isinstance(self._wanted.load, str):
            return _tag(saved_in(self._base / self._wanted.load).image_id.encode())
        context = self._packed()
        args = json.dumps(self._args(), sort_keys=True)
        return _tag(f"{context.digest} {context.dockerfile} {args}".encode())

    def bring(self, engine: Engine, *, say: Say) -> str:
        """See that an engine has the image, and return its id there.

        Raise `BuildFailed` with the engine's own words, `EngineUnreachable` or `EngineRefused`.
        """
        tag = self.tag()
        with self._alone(engine):
            found = images.image_of(engine, tag)
            if found is not None:
                return found.id
            if self._wanted.pull is not None:
                return self._pulled(engine, self._wanted.pull, tag=tag, say=say)
            if isinstance(self._wanted.load, str):
                return self._loaded(engine, self._base / self._wanted.load, tag=tag, say=say)
            if self._wanted.load and engine.url != self._local.url:
                return self._streamed(engine, tag=tag, say=say)
            say("Building the tester's image")
            self._build(engine, tag=tag)
            if images.image_of(engine, tag) is None:
                # Whoever removed another name of the same image at that moment took it along.
                self._build(engine, tag=tag)
            return _there(engine, tag)

    def _streamed(self, engine: Engine, *, tag: str, say: Say) -> str:
        with open_engine(self._local, name="this machine", deadline=engine.deadline) as local:
            with self._alone(local):
                if images.image_of(local, tag) is None:
                    say("Building the tester's image here")
                    self._build(local, tag=tag)
            say("Streaming the tester's image")
            images.load(engine, images.saved(local, tag))
        return _there(engine, tag)

    def _loaded(self, engine: Engine, path: Path, *, tag: str, say: Say) -> str:
        saved = saved_in(path)
        present = images.image_of(engine, saved.image_id)
        if present is not None:
            return present.id

        def stream() -> None:
            with path.open("rb") as file:
                images.load(engine, iter(lambda: file.read(CHUNK_BYTES), b""))

        say(f"Streaming {path.name}")
        return _adopted(engine, names=saved.tags, tag=tag, bring=stream, image_id=saved.image_id)

    def _pulled(self, engine: Engine, name: str, *, tag: str, say: Say) -> str:
        present = images.image_of(engine, name)
        if present is not None:
            return present.id
        say(f"Pulling {name}")
        return _adopted(
            engine, names=(name,), tag=tag, bring=lambda: images.pull(engine, name), image_id=name
        )

    def _build(self, engine: Engine, *, tag: str) -> None:
        context = self._packed()
        images.build(
            engine,
            context=context.tar,
            dockerfile=context.dockerfile,
            tag=tag,
            args=self._args(),
            # Ours fetches nothing, and so it builds where there is nothing to fetch by.
            network="none" if self._wanted.build is None else None,
        )

    def _args(self) -> dict[str, str]:
        own = {"VERSION": tester_version()} if self._wanted.build is None else {}
        return own | self._wanted.args

    def _packed(self) -> Context:
        with self._guard:
            if self._context is None:
                folder = None if self._wanted.build is None else self._base / self._wanted.build
                self._context = context_of(folder, scratch=self._scratch)
            return self._context

    @contextmanager
    def _alone(self, engine: Engine) -> Iterator[None]:
        """Let one thread at a time bring the image to an engine: the others find it there."""
        with self._guard:
            lock = self._busy[engine.url]
        if not lock.acquire(timeout=engine.deadline.left_s):
            raise EngineUnreachable(f"the image of {engine.name} was not there in time")
        try:
            yield
        finally:
            lock.release()


def saved_in(path: Path) -> Saved:
    """Read what a file made by `docker save` holds; raise `ConfigurationError` for anything else."""
    what = f"{path} is not an image"
    try:
        with tarfile.open(path) as tar:
            member = tar.extractfile("manifest.json")
            rows = json.loads(member.read(MOST_MANIFEST_BYTES)) if member is not None else []
        if len(rows) != 1:
            raise ConfigurationError(what, cause=f"it holds {len(rows)} images, not one")
        digest = Path(str(rows[0]["Config"])).name.removesuffix(".json")
        tags = tuple(str(tag) for tag in rows[0].get("RepoTags") or ())
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}", next_step="mend `image: {load: …}`"
        ) from None
    except (tarfile.TarError, KeyError, ValueError, TypeError, EOFError):
        raise ConfigurationError(
            what, cause="it was not made by `docker save`", next_step=f"docker save --output {path} NAME"
        ) from None
    return Saved(image_id=f"sha256:{digest}", tags=tags)


def _adopted(
    engine: Engine, *, names: tuple[str, ...], tag: str, bring: Callable[[], None], image_id: str
) -> str:
    """Bring an image under our own name alone: names that others gave stay what they were."""
    before = {name: images.image_of(engine, name) for name in names}
    bring()
    brought = images.image_of(engine, image_id) or next(
        (found for name in names if (found := images.image_of(engine, name)) is not None), None
    )
    if brought is None:
        raise images.BuildFailed(f"{engine.name} does not have the image that was just brought there")
    images.tag(engine, brought.id, tag)
    for name, former in before.items():
        if former is not None:
            images.tag(engine, former.id, name)
        else:
            images.remove_image(engine, name)
    return brought.id


def _there(engine: Engine, tag: str) -> str:
    found = images.image_of(engine, tag)
    if found is None:
        raise images.BuildFailed(f"{engine.name} does not have the image that was just brought there")
    return found.id


def _tag(content: bytes) -> str:
    return f"{REPOSITORY}:{hashlib.sha256(content).hexdigest()[:20]}"
