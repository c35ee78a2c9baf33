"""A bed by hand: `python -m tests.end_to_end.bed up`; see docs/cloud-bed.md."""

import argparse
import json
import os
import sys
from typing import Any

from tests.end_to_end.bed.bed import Bed, Refused
from tests.end_to_end.bed.cloud.faults import BOOT_CODES
from tests.end_to_end.bed.cloud_process import Standing
from tests.end_to_end.bed.engine import CommandFailed
from tests.end_to_end.bed.lacking import Lacking

FATES = ("hang", "kill", "vanish", "blackhole", "stop_engine", "heal")


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.end_to_end.bed", description=__doc__)
    parser.add_argument("--name", default=os.environ.get("BED", "bed-hand"), help="the bed's name (BED)")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", help="lay the bed; it stands until `down`")
    verbs.add_parser("down", help="remove it and all that is in it")
    verbs.add_parser("state", help="what the cloud's account holds")
    verbs.add_parser("log", help="everything that happened, a line of JSON each")
    verbs.add_parser("clear", help="forget every fault and every order to kill")
    verbs.add_parser("environment", help="the environment inside, as lines for `env`")
    inside = verbs.add_parser("exec", help="run a command inside")
    inside.add_argument("command", nargs=argparse.REMAINDER)
    fault = verbs.add_parser("fault", help="let an EC2 operation fail, or hosts at their boot")
    fault.add_argument("operation", help="RunInstances, TerminateInstances, ..., or Boot")
    fault.add_argument("--region", default="*")
    fault.add_argument("--zone", help="the zone's letter")
    fault.add_argument("--code", help=f"AWS's error code; for Boot one of {', '.join(BOOT_CODES)}")
    fault.add_argument("--status", type=int, default=400, help="HTTP status; 500 and 503 are tried again")
    fault.add_argument("--times", type=int, default=1, help="0: every time")
    fault.add_argument("--delay", dest="delay_s", type=float, default=0.0, help="seconds")
    fault.add_argument("--lost", action="store_true", help="it is done, and the answer is the error")
    add = verbs.add_parser("add-host", help="boot a host that no cloud knows; print its address")
    add.add_argument("host")
    add.add_argument("--fault", default="", choices=("", *BOOT_CODES))
    add.add_argument("--os", default="debian", choices=("debian", "ubuntu"))
    add.add_argument("--delay", dest="delay_s", type=float, default=0.0, help="seconds")
    host = verbs.add_parser("host", help="let a host meet its fate, by its instance's id or its name")
    host.add_argument("host")
    host.add_argument("fate", choices=FATES)
    interrupt = verbs.add_parser("interrupt", help="a spot interruption, of an instance or of a whole region")
    interrupt.add_argument("target")
    kill = verbs.add_parser("kill-at", help="kill docker-machine, once, at a line that it prints")
    kill.add_argument("argv", help="regular expression of its arguments")
    kill.add_argument("line", help="regular expression of the line")
    during = verbs.add_parser(
        "kill-during", help="kill docker-machine, once, while a call of it is in flight"
    )
    during.add_argument("argv", help="regular expression of its arguments")
    during.add_argument("operation", help="RunInstances, ...")
    during.add_argument("--region", required=True)
    return parser.parse_args()


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
    if asked.verb == "log":
        return "\n".join(json.dumps(event) for event in bed.log())
    if asked.verb == "environment":
        return "\n".join(f"{name}={value}" for name, value in bed.environment().items())
    if asked.verb == "interrupt":
        return bed.interrupt(asked.target)
    return getattr(bed, asked.verb)()


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
