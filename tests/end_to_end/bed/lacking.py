"""What this machine lacks for a bed, and with what remedy."""

import importlib.util
import os
import shutil
from pathlib import Path

from tests.end_to_end.bed.engine import docker

PROGRAMS = ("docker", "ip", "iptables", "nsenter", "setpriv", "ssh", "ssh-keygen")
CACHE = Path("~/.cache/orchestrate-latency-ci").expanduser()


class Lacking(Exception):
    """This machine cannot hold a bed; the text says what is missing."""


def base_image() -> str:
    """Return the local image that hosts are made of (`BED_BASE_IMAGE`)."""
    return os.environ.get("BED_BASE_IMAGE", "base:bookworm")


def docker_machine() -> Path:
    """Return the real docker-machine; raises Lacking when there is none."""
    for found in (
        os.environ.get("ORCHESTRATE_DOCKER_MACHINE"),
        shutil.which("docker-machine"),
        os.environ.get("CI_CACHE", str(CACHE)) + "/bin/docker-machine",
    ):
        if found and os.access(found, os.X_OK):
            return Path(found).absolute()
    raise Lacking("no docker-machine: neither ORCHESTRATE_DOCKER_MACHINE nor on PATH nor in CI's cache")


def look() -> None:
    """Return when a bed can be laid here; raises Lacking with the first thing that is missing."""
    if os.geteuid() != 0:
        raise Lacking("no root: network namespaces and privileged containers need it")
    for program in PROGRAMS:
        if shutil.which(program) is None:
            raise Lacking(f"no {program} on PATH")
    if importlib.util.find_spec("moto") is None:
        raise Lacking("no moto: install the extra `test`")
    asked = docker("version", "--format", "{{.Server.Version}}", check=False, timeout_s=20)
    if asked.returncode != 0:
        raise Lacking(f"no Docker engine: {asked.stderr.strip()}")
    if docker("image", "inspect", base_image(), check=False).returncode != 0:
        raise Lacking(f"no image {base_image()}: .ci/base-image makes it")
    docker_machine()
