"""What hosts start from: their image, and an engine's data with the base image in it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.end_to_end.bed.engine import SOCKET, docker, privileges
from tests.end_to_end.bed.ground import ROOT
from tests.end_to_end.bed.lacking import Lacking

SOURCE = Path(__file__).parent / "host"
REPOSITORY = "orchestrate-bed-host"
BUILD_S = 900
OLD_S = 86_400
"""Engine data that no bed has been laid with for so long is removed."""


def host_image(base: str) -> str:
    """Return the name of the hosts' image, built when its sources or its base have changed.

    A build needs a way to a Debian mirror; raises Lacking when it fails.
    """
    digest = hashlib.sha256(_id(base).encode())
    for path in sorted(SOURCE.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    name = f"{REPOSITORY}:{digest.hexdigest()[:12]}"
    with _locked("image"):
        if docker("image", "inspect", name, check=False).returncode != 0:
            built = subprocess.run(
                [
                    *("docker", "-H", SOCKET, "build", "--network", "host"),
                    *("--build-arg", f"BASE={base}", "-t", name, str(SOURCE)),
                ],
                # The classic builder finds local images without asking a registry.
                env={
                    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    "DOCKER_BUILDKIT": "0",
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=BUILD_S,
                check=False,
            )
            if built.returncode != 0:
                raise Lacking(f"the host image does not build: {built.stdout[-1500:]}")
            sys.stderr.write(f"built {name}\n")
    return name


def engine_data(base: str, image: str) -> Path:
    """Return an engine's data directory that holds the base image, made once for each pair."""
    digest = hashlib.sha256((_id(base) + _id(image)).encode()).hexdigest()[:12]
    data = ROOT / "cache" / digest
    with _locked("data"):
        _forget_old(ROOT / "cache")
        if not data.exists():
            fresh = data.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            saved = ROOT / "cache" / "images.tar"
            docker("save", "-o", str(saved), base, timeout_s=BUILD_S)
            docker(
                *(
                    "run",
                    "--rm",
                    *privileges(),
                    "--network",
                    "none",
                    "--entrypoint",
                    "/usr/local/bin/fill-engine",
                ),
                *("-v", f"{fresh}:/var/lib/docker", "-v", f"{saved}:/images.tar:ro", image),
                timeout_s=BUILD_S,
            )
            saved.unlink()
            fresh.rename(data)
        # A bed that stands for longer than OLD_S is not thought of.
        os.utime(data)
    return data


def _forget_old(cache: Path) -> None:
    for entry in cache.iterdir() if cache.exists() else ():
        if time.time() - entry.stat().st_mtime > OLD_S:
            shutil.rmtree(entry, ignore_errors=True)


def copy_engine_data(data: Path, to: Path) -> None:
    """Give a host its own copy: layers are hard links, for nobody writes to them."""
    to.mkdir(parents=True)
    for part in data.iterdir():
        links = ["-l"] if part.name == "overlay2" else []
        subprocess.run(["cp", "-a", *links, str(part), str(to)], check=True, timeout=120)


def _id(image: str) -> str:
    return docker("image", "inspect", "-f", "{{.Id}}", image).stdout.strip()


@contextmanager
def _locked(what: str) -> Iterator[None]:
    """One bed at a time makes what all of them share."""
    ROOT.mkdir(parents=True, exist_ok=True)
    with (ROOT / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
