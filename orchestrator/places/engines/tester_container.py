"""What a tester's container is, in the words of the engine's API."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from wire.fields import encode_object, time_text
from wire.job import Job

HOME = "/var/lib/tester"
JOB = f"{HOME}/job.json"
TOKEN = f"{HOME}/token"
SPOOL = f"{HOME}/spool"
NEW_JOB = "job.json.new"
"""A job on its way: it gets its name when it is whole."""

MEMORY_BYTES = 512 * 2**20
PIDS = 256
STOP_S = 20
"""How long a tester may take over SIGTERM: it ends its run as truncated, and delivers or spools it."""

RESTARTS = 3
"""Where a tester fails, it goes on from its spool; one that cannot is left after this many times."""

LOG_BYTES = 2 * 2**20
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def labels_of(job: Job, *, host_name: str, digest: str) -> dict[str, str]:
    """Return whose a container and its volume are; `digest` tells what the container is made from."""
    return {
        "latency.fleet-id": str(job.fleet_id),
        "latency.sweep-id": str(job.sweep_id),
        "latency.tester": job.tester,
        "latency.tester-id": str(job.tester_id),
        "latency.host": host_name,
        "latency.digest": digest,
    }


def digest_of(job: bytes, *, image_id: str) -> str:
    """Return what changes with all that a running container cannot change."""
    made = json.dumps(container_config(image_id=image_id, volume="", labels={}, init=True), sort_keys=True)
    return hashlib.sha256(made.encode() + b"\0" + job).hexdigest()[:20]


def container_config(*, image_id: str, volume: str, labels: Mapping[str, str], init: bool) -> dict[str, Any]:
    """Return a container with the least that pings; nothing in it is a secret.

    With `init`, a program of the engine's is its first process: the kernel keeps SIGTERM from a
    first process that has not said yet what it does about it.
    """
    return {
        "Image": image_id,
        "User": "0",
        "Cmd": ["run", "--job", JOB, "--token-file", TOKEN, "--spool", SPOOL],
        "Labels": dict(labels),
        "StopTimeout": STOP_S,
        "HostConfig": {
            "Init": init,
            "NetworkMode": "host",
            # An engine that maps users has no host network for those whom it maps.
            "UsernsMode": "host",
            "CapDrop": ["ALL"],
            "CapAdd": ["NET_RAW"],
            "ReadonlyRootfs": True,
            "SecurityOpt": ["no-new-privileges"],
            "Tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=16m"},  # noqa: S108 - the container's own
            "Memory": MEMORY_BYTES,
            "MemorySwap": MEMORY_BYTES,
            "PidsLimit": PIDS,
            "LogConfig": {
                "Type": "json-file",
                "Config": {"max-size": str(LOG_BYTES // 2), "max-file": "2"},
            },
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": RESTARTS},
            "Mounts": [{"Type": "volume", "Source": volume, "Target": HOME}],
        },
    }


def state_note(job: Job, *, first_index: int) -> bytes:
    """Return the tester's own note of how far it is, for a host whose forerunner made some runs."""
    done = {"next_index": first_index, "last_started_at": time_text(LONG_AGO)}
    sweeps = {f"{job.sweep_id}/{job.tester_id}": done}
    return encode_object({"v": 1, "sweeps": sweeps, "skipped_count": 0})


def archive_of(files: Mapping[str, bytes], *, folders: tuple[str, ...] = ()) -> bytes:
    """Return a tar of files that root alone reads."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name in folders:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o700
            tar.addfile(entry)
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(body), 0o400
            tar.addfile(entry, io.BytesIO(body))
    return content.getvalue()
