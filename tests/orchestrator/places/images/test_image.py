import json
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest

from orchestrator.errors import ConfigurationError
from orchestrator.fleet.terms import Image
from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.containers import open_engine
from orchestrator.places.engines.engine import EngineAddress
from orchestrator.places.images.context import context_of
from orchestrator.places.images.image import (
    BuildFailed,
    build,
    image_of,
    kept_paths,
    remove_image,
    saved,
    tag,
)
from orchestrator.places.images.plan import ImagePlan, saved_in
from tests.orchestrator.places.engines.an_engine import BASE, HERE, another_engine, engine_here, need_engine


def a_folder(path: Path, *, dockerfile: str = "FROM scratch\nCOPY content /content\n") -> Path:
    path.mkdir(parents=True)
    (path / "Dockerfile").write_text(dockerfile)
    (path / "content").write_text(uuid4().hex)
    return path


def a_plan(root: Path, wanted: Image) -> ImagePlan:
    return ImagePlan(wanted, base=root, scratch=root / "scratch", local=HERE)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[EngineAddress]:
    need_engine()
    with another_engine() as address:
        yield address


def test_what_dockerignore_names_is_neither_sent_nor_counted(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "folder")
    (folder / ".dockerignore").write_text("# not these\n*.secret\n")
    before = context_of(folder, scratch=tmp_path)
    (folder / "a.secret").write_text("x")
    after = context_of(folder, scratch=tmp_path)
    assert after == before
    assert "a.secret" not in kept_paths(folder, dockerfile="Dockerfile")
    with tarfile.open(after.tar) as tar:
        assert {"Dockerfile", "content"} <= set(tar.getnames())
    (folder / "content").write_text("other")
    assert context_of(folder, scratch=tmp_path).digest != before.digest


def test_our_own_context_is_the_same_each_time_and_small(tmp_path: Path) -> None:
    first, second = (context_of(None, scratch=tmp_path / name) for name in ("a", "b"))
    assert first.digest == second.digest
    assert first.tar.read_bytes() == second.tar.read_bytes()
    assert first.tar.stat().st_size < 1_000_000


def test_a_checkout_gets_the_wheels_that_the_testers_dockerfile_needs(tmp_path: Path) -> None:
    (tmp_path / "checkout" / "tester").mkdir(parents=True)
    (tmp_path / "checkout" / "tester" / "Dockerfile").write_text("FROM scratch\n")
    context = context_of(tmp_path / "checkout", scratch=tmp_path)
    assert context.dockerfile == "tester/Dockerfile"
    with tarfile.open(context.tar) as tar:
        assert sum(name.endswith(".whl") for name in tar.getnames()) == 2


def test_a_folder_without_a_dockerfile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no Dockerfile"):
        a_plan(tmp_path, Image(build="nowhere")).tag()


def test_the_context_is_written_for_somebody_who_builds_by_hand(tmp_path: Path) -> None:
    need_engine(base=True)
    folder = tmp_path / "context"
    module = [sys.executable, "-m", "orchestrator.places.images.context", str(folder)]
    subprocess.run(module, check=True, timeout=60, capture_output=True)
    name = f"tester-by-hand:{uuid4().hex}"
    packed = context_of(folder, scratch=tmp_path)
    with engine_here() as engine:
        build(
            engine, context=packed.tar, dockerfile="Dockerfile", tag=name, args={"BASE": BASE}, network=None
        )
        container = f"by-hand-{uuid4().hex}"
        try:
            # `docker run --rm --net host tester run --host 127.0.0.1`
            engine.create_container(
                container,
                {
                    "Image": name,
                    "Cmd": ["run", "--host", "127.0.0.1", "--count", "1"],
                    "HostConfig": {"NetworkMode": "host"},
                },
            )
            engine.start(container)
            assert engine.client.wait(container, timeout=60)["StatusCode"] == 0
            assert b"complete" in engine.log(container)
        finally:
            engine.remove_container(container)
            remove_image(engine, name)


def test_a_build_that_fails_shows_its_own_words(tmp_path: Path) -> None:
    need_engine(base=True)
    words = "RUN echo one of ours is missing; echo \x1b[31mred; exit 7\n"
    a_folder(tmp_path / "folder", dockerfile=f"ARG BASE\nFROM ${{BASE}}\n{words}")
    with engine_here() as engine, pytest.raises(BuildFailed) as failed:
        a_plan(tmp_path, Image(build="folder", args={"BASE": BASE})).bring(engine, say=print)
    assert "this machine" in failed.value.what
    assert "one of ours is missing" in failed.value.cause
    assert "non-zero code: 7" in failed.value.cause
    assert "\x1b" not in failed.value.cause


def test_images_are_built_while_others_remove_what_they_stand_on(tmp_path: Path) -> None:
    need_engine(base=True)

    def builds_and_removes(own: int) -> None:
        (tmp_path / f"{own}").mkdir()
        with engine_here() as engine:
            for turn in range(3):
                args = {"BASE": BASE, "VERSION": f"{own}.{turn}.{uuid4().hex}"}
                plan = a_plan(tmp_path / f"{own}", Image(args=args))
                assert plan.bring(engine, say=print)
                remove_image(engine, plan.tag())

    with ThreadPoolExecutor() as pool:
        list(pool.map(builds_and_removes, range(3)))


def test_a_dockerfile_that_is_none_is_a_failed_build(tmp_path: Path) -> None:
    need_engine()
    a_folder(tmp_path / "folder", dockerfile="FORM scratch\n")
    with engine_here() as engine, pytest.raises(BuildFailed) as failed:
        a_plan(tmp_path, Image(build="folder")).bring(engine, say=print)
    assert "FORM" in failed.value.cause


def test_what_is_built_once_is_not_built_again(tmp_path: Path) -> None:
    need_engine()
    a_folder(tmp_path / "folder")
    said: list[str] = []
    plan = a_plan(tmp_path, Image(build="folder"))

    def bring(_: int) -> str:
        with engine_here() as engine:
            return plan.bring(engine, say=said.append)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(bring, range(4)))) == 1
    assert a_plan(tmp_path, Image(build="folder")).tag() == plan.tag()
    assert len(said) == 1
    with engine_here() as engine:
        remove_image(engine, plan.tag())


def test_an_image_is_built_here_and_streamed_to_engines_that_lack_it(
    tmp_path: Path, elsewhere: EngineAddress
) -> None:
    # `load: true` builds our own image; a base with nothing to run would not do.
    need_engine(base=True)
    plan = a_plan(tmp_path, Image(load=True, args={"BASE": BASE, "VERSION": uuid4().hex}))
    said: list[str] = []
    try:
        with engine_here(elsewhere) as engine:
            brought = plan.bring(engine, say=said.append)
            assert plan.bring(engine, say=said.append) == brought
            remove_image(engine, plan.tag())
        with engine_here() as engine:
            here = image_of(engine, plan.tag())
        assert here is not None
        assert here.id == brought
        assert said == ["Building the tester's image here", "Streaming the tester's image"]
    finally:
        with engine_here() as engine:
            remove_image(engine, plan.tag())


def test_an_image_to_be_streamed_is_just_built_on_the_engine_of_this_machine(tmp_path: Path) -> None:
    need_engine(base=True)
    plan = a_plan(tmp_path, Image(load=True, args={"BASE": BASE, "VERSION": uuid4().hex}))
    said: list[str] = []
    with engine_here() as engine:
        try:
            brought = plan.bring(engine, say=said.append)
            found = image_of(engine, plan.tag())
            assert found is not None
            assert found.id == brought
        finally:
            remove_image(engine, plan.tag())
    assert said == ["Building the tester's image"]


def test_a_file_is_streamed_and_takes_nobodys_name_away(tmp_path: Path, elsewhere: EngineAddress) -> None:
    names = [f"{word}-{uuid4().hex}:1" for word in ("kept", "new")]
    former, plan = a_plan(tmp_path, Image(build="former")), a_plan(tmp_path, Image(build="wanted"))
    a_folder(tmp_path / "former")
    a_folder(tmp_path / "wanted")
    path = tmp_path / "wanted.tar"
    with engine_here() as engine:
        wanted = plan.bring(engine, say=print)
        tag(engine, wanted, names[0])
        tag(engine, wanted, names[1])
        with path.open("wb") as file:
            # Saved by its names, as somebody would do it.
            answer = engine.client.get(
                f"{engine.client.base_url}/v{engine.client.api_version}/images/get", params={"names": names}
            )
            file.write(answer.content)
        for name in (*names, plan.tag()):
            remove_image(engine, name)
    assert saved_in(path).image_id == wanted
    assert set(saved_in(path).tags) == set(names)
    loaded = a_plan(tmp_path, Image(load="wanted.tar"))
    with engine_here(elsewhere) as engine:
        before = former.bring(engine, say=print)
        tag(engine, before, names[0])
        assert loaded.bring(engine, say=print) == wanted
        kept, new = (image_of(engine, name) for name in names)
        assert kept is not None
        assert kept.id == before
        assert new is None
        remove_image(engine, loaded.tag())
        assert image_of(engine, wanted) is None


@pytest.mark.parametrize("content", [b"", b"not a tar", "empty tar"])
def test_a_file_that_is_no_image_is_refused(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "image.tar"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        tarfile.open(path, "w").close()
    with pytest.raises(ConfigurationError, match="is not an image"):
        a_plan(tmp_path, Image(load="image.tar")).tag()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        a_plan(tmp_path, Image(load="nowhere.tar")).tag()


def test_a_pull_that_finds_nobody_is_refused_with_what_to_do(tmp_path: Path) -> None:
    need_engine()
    plan = a_plan(tmp_path, Image(pull="127.0.0.1:1/nothing:1"))
    with engine_here() as engine, pytest.raises(BuildFailed, match="nothing:1 cannot be pulled") as refused:
        plan.bring(engine, say=print)
    assert "load: true" in refused.value.next_step


def test_an_image_that_is_there_is_not_pulled_and_not_ours(tmp_path: Path) -> None:
    need_engine(base=True)
    plan = a_plan(tmp_path, Image(pull=BASE))
    with engine_here() as engine:
        there = image_of(engine, BASE)
        assert there is not None
        assert plan.bring(engine, say=print) == there.id
        assert image_of(engine, plan.tag()) is None


def test_an_image_is_saved_in_pieces(tmp_path: Path) -> None:
    need_engine(base=True)
    with engine_here() as engine:
        assert max(len(piece) for piece in saved(engine, BASE)) <= 1_048_576


def test_no_engine_elsewhere_learns_this_users_credentials_for_registries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps({"auths": {"registry.example.net": {"auth": "dXNlcjpzZWNyZXQ="}}})
    )
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    a_folder(tmp_path / "folder")
    context = context_of(tmp_path / "folder", scratch=tmp_path)
    heard: list[str] = []

    class Listening(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b'{"ApiVersion": "1.41"}')

        def do_POST(self) -> None:
            heard.append(str(self.headers))
            self._answer(b'{"stream": "done"}')

        def _answer(self, body: bytes) -> None:
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listening) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = EngineAddress(url=f"tcp://127.0.0.1:{server.server_address[1]}")
            with open_engine(address, name="far", deadline=Deadline.after(20)) as engine:
                build(engine, context=context.tar, dockerfile="Dockerfile", tag="x:1", args={}, network=None)
        finally:
            server.shutdown()
            thread.join()
    assert len(heard) == 1
    assert "registry-config" not in heard[0].lower()
