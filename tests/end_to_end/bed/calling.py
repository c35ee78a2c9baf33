"""Calls of a bed's cloud, and of docker-machine in it, for the bed's own tests."""

import atexit
import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.conftest import wait_until

BOTO = """
import boto3, json, sys
from botocore.config import Config
once, clients = Config(retries={"total_max_attempts": 1}), {}
for line in sys.stdin:
    service, region, method, words = json.loads(line)
    if (service, region) not in clients:
        clients[service, region] = boto3.client(service, region, config=once)
    client = clients[service, region]
    try:
        answer = getattr(client, method)(**words)
    except client.exceptions.ClientError as failure:
        error = failure.response["Error"]
        answer = {"Error": error["Code"], "Message": error["Message"]}
    print(json.dumps(answer, default=str), flush=True)
"""


def aws(bed: Bed, service: str, region: str, method: str, **words: Any) -> dict[str, Any]:
    """Call the bed's cloud from inside, once; what is refused is `Error` and `Message`."""
    caller = _caller(bed.name)
    assert caller.stdin is not None
    assert caller.stdout is not None
    caller.stdin.write(json.dumps([service, region, method, words]) + "\n")
    caller.stdin.flush()
    answer: dict[str, Any] = json.loads(caller.stdout.readline())
    return answer


def aws_as(
    bed: Bed, environment: Mapping[str, str], service: str, region: str, method: str
) -> dict[str, Any]:
    """Call it with other keys."""
    asked = json.dumps([service, region, method, {}]) + "\n"
    called = subprocess.run(
        [*bed.prefix, sys.executable, "-c", BOTO],
        env=bed.environment() | dict(environment),
        input=asked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert called.returncode == 0, called.stderr
    answer: dict[str, Any] = json.loads(called.stdout)
    return answer


@cache
def _caller(name: str) -> "subprocess.Popen[str]":
    """Begin the process that calls, once for each bed: it takes a second to begin."""
    bed = Bed.of(name)
    caller = subprocess.Popen(
        [*bed.prefix, sys.executable, "-c", BOTO],
        env=bed.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def end() -> None:
        with suppress(OSError):
            caller.communicate()

    atexit.register(end)
    return caller


def launch(bed: Bed, region: str, **words: Any) -> dict[str, Any]:
    """Run an instance without docker-machine; return what RunInstances says of it."""
    answer = aws(bed, "ec2", region, "run_instances", ImageId="ami-1", MinCount=1, MaxCount=1, **words)
    instance: dict[str, Any] = answer["Instances"][0]
    return instance


def state_of(bed: Bed, region: str, instance_id: str) -> dict[str, Any]:
    """Return what DescribeInstances says."""
    answer = aws(bed, "ec2", region, "describe_instances", InstanceIds=[instance_id])
    instance: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
    return instance


def wait_for(bed: Bed, region: str, instance_id: str, state: str) -> dict[str, Any]:
    """Return the instance when it is in that state; `bed.state` leaves out those that have ended."""

    def reached() -> bool:
        held = bed.state().get(region, {}).get("instances", {}).get(instance_id, {"state": "terminated"})
        return bool(held["state"] == state)

    wait_until(reached)
    return state_of(bed, region, instance_id)


def machine(bed: Bed, store: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run docker-machine inside, with a store of its own."""
    return bed.run("docker-machine", *words, extra={"MACHINE_STORAGE_PATH": str(store)})
