"""A bed by hand: `python -m tests.end_to_end.bed up`; see docs/cloud-bed.md."""

import argparse
import json
import os
import sys
from typing import Any

from tests.end_to_end.bed.arguments import ACCOUNT_VERBS, GRANTED, arguments
from tests.end_to_end.bed.bed import Bed, Refused
from tests.end_to_end.bed.cloud_process import Standing
from tests.end_to_end.bed.engine import CommandFailed
from tests.end_to_end.bed.lacking import Lacking


def carry_out(asked: argparse.Namespace) -> Any:
    """Do what was asked and return what shall be printed."""
    if asked.verb == "up":
        bed = Bed.up(asked.name, outlive=True)
        return {
            "name": bed.name,
            "address": bed.address,
            "servers": bed.servers,
            "key": str(bed.folder / "id_rsa"),
        }
    bed = Bed.of(asked.name)
    if asked.verb == "exec":
        kept = {name: os.environ[name] for name in ("MACHINE_STORAGE_PATH",) if name in os.environ}
        os.execvpe("ip", [*bed.prefix, *asked.command], bed.environment() | kept)
    words = {name: value for name, value in vars(asked).items() if name not in ("name", "verb")}
    if asked.verb == "fault":
        return bed.fault(words.pop("operation"), **words | {"times": asked.times or None})
    if asked.verb == "add-host":
        return bed.add_host(words.pop("host"), **words)[0]
    if asked.verb == "host":
        return getattr(bed.host(asked.host), asked.fate)()
    if asked.verb == "kill-at":
        return bed.kill_docker_machine_at(asked.argv, asked.line)
    if asked.verb == "kill-during":
        return bed.kill_docker_machine_during(asked.argv, asked.operation, region=asked.region)
    if asked.verb in ACCOUNT_VERBS:
        return set_account(bed, asked.verb, words)
    if asked.verb == "log":
        return "\n".join(json.dumps(event) for event in bed.log())
    if asked.verb == "environment":
        return "\n".join(f"{name}={value}" for name, value in bed.environment().items())
    return getattr(bed, asked.verb)()


def set_account(bed: Bed, verb: str, words: dict[str, Any]) -> Any:
    """Set something about the account and return what shall be printed."""
    if verb == "calls":
        return "\n".join(sorted(bed.calls()))
    if verb == "profile":
        environment = bed.profile(words.pop("profile"), **words)
        return "\n".join(f"{name}={value}" for name, value in environment.items())
    if verb == "opt-in":
        return bed.opt_in(words["region"], words["state"] == "on")
    if verb == "spot":
        return bed.spot(words["where"], None if words["status"] == GRANTED else words["status"])
    return getattr(bed, verb.replace("-", "_"))(**words)


def main() -> None:
    """Do what was asked; exit 1 with the reason when it cannot be done."""
    asked = arguments()
    try:
        answer = carry_out(asked)
    except (Lacking, Standing, Refused, CommandFailed) as failure:
        sys.exit(str(failure))
    except FileNotFoundError:
        sys.exit(f"no bed named {asked.name} is up")
    if answer is not None:
        sys.stdout.write((answer if isinstance(answer, str) else json.dumps(answer, indent=1)) + "\n")


if __name__ == "__main__":
    main()
