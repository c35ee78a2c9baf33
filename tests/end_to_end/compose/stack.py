"""The stack of compose.yaml from a clean checkout, under a name and a port of its own."""

import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2 as httpx

from tests.end_to_end.bed.engine import SOCKET, docker
from tests.end_to_end.bed.lacking import CACHE, Lacking, base_image

ROOT = Path(__file__).parent.parent.parent.parent
POSTGRES_BASE = "debian-postgres:bookworm"
POSTGRES = "latency-test-postgres"
CADDY_BASE = "debian-caddy:bookworm"
CADDY = "latency-test-caddy"
PATIENCE_S = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """A project of docker compose in a copy of the checkout."""

    folder: Path
    name: str
    port: int
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        """Where the collector is published."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return what a person would have exported: names of images, since there is no registry here."""
        return os.environ | {
            "DOCKER_HOST": SOCKET,
            "COMPOSE_PROJECT_NAME": self.name,
            "PYTHON_IMAGE": base_image(),
            "POSTGRES_IMAGE": POSTGRES,
            "CADDY_IMAGE": CADDY,
            "COLLECTOR_IMAGE": f"{self.name}-collector",
            "ORCHESTRATOR_IMAGE": f"{self.name}-orchestrator",
            "COLLECTOR_PUBLISH": f"127.0.0.1:{self.port}",
        }

    def compose(
        self, *words: str, check: bool = True, extra: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run `docker compose`; raise where it fails and `check` is set."""
        done = subprocess.run(
            [str(program()), *words],
            cwd=self.folder,
            env=self.environment() | dict(extra or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"docker compose {' '.join(words)}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
            )
        return done

    def secret(self, name: str) -> str:
        """Return a secret as docs/compose.md tells a person to read it."""
        if name not in self.secrets:
            said = self.compose("exec", "-T", "collector", "cat", f"/secrets/{name}").stdout
            self.secrets[name] = said.strip()
        return self.secrets[name]

    def get(self, path: str, *, user: str | None = "reader") -> httpx.Response:
        """Ask the collector, with a token of the stack."""
        auth = None if user is None else (user, self.secret(f"{user}_token"))
        return httpx.get(f"{self.url}{path}", auth=auth, timeout=30, trust_env=False)

    def runs(self, fleet: str) -> list[dict[str, Any]]:
        """Return the runs of a fleet that the collector knows."""
        return self._listed("runs", fleet=fleet)

    def results(self, fleet: str) -> list[dict[str, Any]]:
        """Return what was found for each server of each run of a fleet."""
        return self._listed("results", fleet=fleet)

    def inspected(self, service: str, form: str) -> str:
        """Return a part of what the engine says of a service's container."""
        (number,) = self.compose("ps", "-a", "-q", service).stdout.split()
        return docker("inspect", "--format", form, number).stdout.strip()

    def _listed(self, noun: str, *, fleet: str) -> list[dict[str, Any]]:
        answer = self.get(f"/api/v1/{noun}?fleet={fleet}&limit=500")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()[noun]
        return found

    def remove(self) -> None:
        """Remove containers, volumes, networks and images of this stack."""
        self.compose("--profile", "*", "down", "-v", "--remove-orphans", "--rmi", "local", check=False)
        for kind in ("collector", "orchestrator"):
            docker("image", "rm", "-f", f"{self.name}-{kind}", check=False)


def a_stack(folder: Path) -> Stack:
    """Check the project out into a folder; raise `Lacking` where this machine cannot hold a stack."""
    program()
    wheels = _cache() / "wheels"
    if not wheels.is_dir():
        raise Lacking("no wheels for the images: .ci/wheels fetches them")
    for image in (base_image(), POSTGRES_BASE, CADDY_BASE):
        if docker("image", "inspect", image, check=False, timeout_s=20).returncode != 0:
            raise Lacking(f"no Docker engine, or no image {image}: .ci/base-image makes it")
    checkout = folder / "checkout"
    _check_out(checkout)
    shutil.copytree(wheels, checkout / "requirements" / "wheels", ignore=shutil.ignore_patterns("key"))
    shutil.copy(_cache() / "bin" / "docker-machine", checkout / "requirements" / "docker-machine")
    here = Path(__file__).parent
    for name, base, folder_of in ((POSTGRES, POSTGRES_BASE, "postgres"), (CADDY, CADDY_BASE, "caddy")):
        docker("build", "-q", "-t", name, "--build-arg", f"BASE={base}", str(here / folder_of))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return Stack(folder=checkout, name=f"latency-test-{uuid4().hex[:8]}", port=port)


def _check_out(folder: Path) -> None:
    """Copy what git has of this checkout, as it is here, and nothing else that lies about."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode != 0:
        raise Lacking(f"git does not say what is checked out here: {listed.stderr.decode().strip()}")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)


def program() -> Path:
    """Return docker compose v2; raise `Lacking` where there is none."""
    found = _cache() / "bin" / "docker-compose"
    if not os.access(found, os.X_OK):
        raise Lacking("no docker compose v2 in CI's cache: .ci/docker-compose/build makes it")
    return found


def _cache() -> Path:
    return Path(os.environ.get("CI_CACHE", str(CACHE))).absolute()
