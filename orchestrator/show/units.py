"""Units for systemd that look after a fleet's schedules."""

import re
import shutil
import sys
from collections.abc import Sequence

from orchestrator.fleet.drivers import LOCAL
from orchestrator.fleet.model import Fleet

SERVICE = """\
[Unit]
Description=Sweeps of the fleet {fleet}, when they are due
Wants=network-online.target
After=network-online.target time-sync.target

[Service]
Type={kind}
ExecStart={command}
# ORCHESTRATE_COLLECTOR_URL=…, ORCHESTRATE_ADMIN_TOKEN=…, and what the cloud's driver needs; for root alone.
EnvironmentFile=-/etc/orchestrate/{fleet}.env
Environment=ORCHESTRATE_STATE_DIR=%S/orchestrate HOME=%S/orchestrate
StateDirectory=orchestrate
StateDirectoryMode=0700
{user}
{restart}
# What it has begun goes on without it (a host that is half made, testers of this machine), and is
# taken up again by the next start. SIGTERM leaves a sweep that is under way to that one.
KillMode=process
TimeoutStopSec=120
SuccessExitStatus=130
UMask=0077

{capabilities}
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
"""

INSTALL = """
[Install]
WantedBy=multi-user.target
"""

TIMER = """\
[Unit]
Description=Look each minute whether a sweep of the fleet {fleet} is due

[Timer]
OnCalendar=minutely
AccuracySec=1s
Persistent=yes

[Install]
WantedBy=timers.target
"""

PLAIN = re.compile(r"[A-Za-z0-9_./:=@,+-]+")


def units_of(
    fleet: Fleet, *, kind: str, program: Sequence[str], words: Sequence[str], user: str | None
) -> dict[str, str]:
    """Return the units by file name; `kind` is service or timer, `words` say which fleet is meant."""
    is_timer = kind == "timer"
    command = [*program, "schedule", "run", *words, *(["--once"] if is_timer else [])]
    pings_here = any(each.driver == LOCAL and each.probe.type == "icmp" for each in fleet.testers)
    service = SERVICE.format(
        fleet=fleet.name,
        # Sweeps end by `limits.deadline`, and each step of their removal by its own.
        kind="oneshot\nTimeoutStartSec=infinity" if is_timer else "exec",
        command=" ".join(_quoted(word) for word in command),
        # One user for the fleets of a machine: their journals stand in one directory, which is its user's.
        user="DynamicUser=yes\nUser=orchestrate" if user is None else f"User={_quoted(user)}",
        restart="Restart=no" if is_timer else "Restart=on-failure\nRestartSec=10",
        capabilities="AmbientCapabilities=CAP_NET_RAW\nCapabilityBoundingSet=CAP_NET_RAW"
        if pings_here
        else "CapabilityBoundingSet=",
    )
    name = f"orchestrate-{fleet.name}"
    if is_timer:
        return {f"{name}.service": service, f"{name}.timer": TIMER.format(fleet=fleet.name)}
    return {f"{name}.service": service + INSTALL}


def this_program() -> list[str]:
    """Return the words that start this program, by an absolute path."""
    found = shutil.which(sys.argv[0]) if sys.argv[0].endswith("orchestrate") else None
    return [found] if found is not None and found.startswith("/") else [sys.executable, "-m", "orchestrator"]


def _quoted(word: str) -> str:
    """Return a word as systemd reads it: `%` and `$` stand for themselves."""
    if PLAIN.fullmatch(word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
