"""What a bed by hand is asked for."""

import argparse
import os

from tests.end_to_end.bed.cloud.account import ANYWHERE, ON_DEMAND, SPOT
from tests.end_to_end.bed.cloud.faults import BOOT_CODES
from tests.end_to_end.bed.settings import HOUR_S

DESCRIPTION = "A bed by hand; see docs/cloud-bed.md."
GRANTED = "granted"
ACCOUNT_VERBS = frozenset(
    (
        "calls",
        "interrupt",
        "expire-keys",
        "profile",
        "forbid",
        "quota",
        "opt-in",
        "withdraw",
        "spot",
        "no-default-vpc",
        "image",
    )
)
FATES = ("hang", "kill", "vanish", "blackhole", "stop_engine", "heal")


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.end_to_end.bed", description=DESCRIPTION)
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
    kill = verbs.add_parser("kill-at", help="kill docker-machine, once, at a line that it prints")
    kill.add_argument("argv", help="regular expression of its arguments")
    kill.add_argument("line", help="regular expression of the line")
    during = verbs.add_parser(
        "kill-during", help="kill docker-machine, once, while a call of it is in flight"
    )
    during.add_argument("argv", help="regular expression of its arguments")
    during.add_argument("operation", help="RunInstances, ...")
    during.add_argument("--region", required=True)
    _add_account(verbs)
    return parser.parse_args()


def _add_account(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs that set something about the account, each argument named as the bed names it."""
    verbs.add_parser("calls", help="every call that was made, as an IAM policy names it")
    interrupt = verbs.add_parser("interrupt", help="a spot interruption, of an instance or of a whole region")
    interrupt.add_argument("target")
    interrupt.add_argument("--warning", dest="warning_s", type=float, default=0.0, help="seconds")
    expire = verbs.add_parser("expire-keys", help="let every key of now be expired")
    expire.add_argument("--code", help="the error code; else each service's own")
    profile = verbs.add_parser("profile", help="write a profile that gives fresh keys; print its environment")
    profile.add_argument("profile", nargs="?", default="bed")
    profile.add_argument("--life", dest="life_s", type=float, default=HOUR_S, help="seconds")
    forbid = verbs.add_parser("forbid", help="let the policy leave out a call")
    forbid.add_argument("action", help="ec2:DescribeInstances, ...")
    forbid.add_argument("--region", default=ANYWHERE)
    quota = verbs.add_parser("quota", help="set how many vCPUs may run in a region")
    quota.add_argument("region")
    quota.add_argument("vcpus", type=float)
    quota.add_argument("--code", default=ON_DEMAND, help=f"the quota's; {SPOT} is that of spot requests")
    opt_in = verbs.add_parser("opt-in", help="turn a region on or off")
    opt_in.add_argument("region")
    opt_in.add_argument("state", choices=("on", "off"))
    withdraw = verbs.add_parser("withdraw", help="offer an instance type no more")
    withdraw.add_argument("instance_type")
    withdraw.add_argument("--region", required=True)
    withdraw.add_argument("--zone", help="the zone's letter")
    spot = verbs.add_parser("spot", help="set what spot requests meet")
    spot.add_argument("where", help="a region, a zone, or * for all")
    spot.add_argument("status", help=f"capacity-not-available, ..., or {GRANTED}")
    no_default_vpc = verbs.add_parser("no-default-vpc", help="take a region's default VPC away")
    no_default_vpc.add_argument("region")
    image = verbs.add_parser("image", help="print the id of Canonical's current image")
    image.add_argument("region")
    image.add_argument("architecture", nargs="?", default="amd64")
    image.add_argument("--release", default="24.04")
