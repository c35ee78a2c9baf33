"""The dead-man switch: user data that ends a host at a time kept in a file on it."""

import base64
import gzip
import shlex
from email import message_from_bytes
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from pathlib import Path

from orchestrator.errors import ConfigurationError
from orchestrator.fleet.model import Fleet
from orchestrator.fleet.terms import Limits

FOLDER = "/var/lib/orchestrate"
ENDS_AT = f"{FOLDER}/ends-at"
"""The file with the time at which the host ends itself, in seconds since 1970 by the host's clock."""

AFTER_DEADLINE_S = 1_800.0
FOREVER_S = 86_400.0
LOOK_S = 15
MAX_BYTES = 16_384
"""What the cloud takes as user data."""

_DEFAULTS = Limits()
_TYPES = (
    (b"#!", "x-shellscript"),
    (b"#cloud-config", "cloud-config"),
    (b"#cloud-boothook", "cloud-boothook"),
    (b"#include", "x-include-url"),
    (b"#part-handler", "part-handler"),
    (b"## template: jinja", "jinja2"),
)
"""How kinds of user data begin, and what cloud-init calls them."""

_BOUNDARY = "orchestrate-user-data"

_SCRIPT = """\
#!/bin/sh
# Ends this host at the time in {ends_at}, whoever else is gone by then.
umask 022
mkdir -p {folder}
last=$(($(date +%s) + {life_s}))
[ -s {ends_at} ] || echo $last >{ends_at}
cat >{folder}/watch <<END
#!/bin/sh
while :; do
  ends_at=\\$(cat {ends_at} 2>/dev/null)
  case \\$ends_at in
    '' | *[!0-9]*) ends_at=$last ;;
  esac
  if [ \\$(date +%s) -ge \\$ends_at ]; then
    sync
    shutdown -h now || poweroff || halt -p || echo o >/proc/sysrq-trigger
  fi
  sleep {look_s}
done
END
chmod 755 {folder}/watch
if [ -d /run/systemd/system ]; then
  cat >/etc/systemd/system/orchestrate-watch.service <<END
[Unit]
Description=Ends this host at the time in {ends_at}
[Service]
ExecStart={folder}/watch
Restart=always
RestartSec=5
[Install]
WantedBy=multi-user.target
END
  systemctl daemon-reload
  systemctl enable orchestrate-watch.service
  systemctl start --no-block orchestrate-watch.service
else
  setsid {folder}/watch </dev/null >/dev/null 2>&1 &
fi
"""

_THEN = """\
# What the fleet wants to be done at the first boot.
base64 -d >{folder}/user-data <<'END'
{theirs}END
chmod 700 {folder}/user-data
exec {folder}/user-data
"""


def life_s(fleet: Fleet) -> float:
    """Return how many seconds a cloud host of a fleet lives if nobody renews that.

    It is `limits.ttl`; a fleet that says none gets its deadline and half an hour, a day if it runs for ever.
    """
    if fleet.limits.ttl_s != _DEFAULTS.ttl_s:
        return fleet.limits.ttl_s
    if fleet.run.repeat is None:
        return FOREVER_S
    return fleet.limits.deadline_s + AFTER_DEADLINE_S


def user_data(*, life_s: float, theirs: bytes = b"", look_s: int = LOOK_S) -> bytes:
    """Return what a host runs at its first boot: the switch, then what the fleet has as user data.

    Raise `ConfigurationError` where both together are more than the cloud takes, or theirs is no user data.
    """
    ours = _SCRIPT.format(folder=FOLDER, ends_at=ENDS_AT, life_s=max(1, round(life_s)), look_s=look_s)
    if theirs.startswith(b"\x1f\x8b"):
        theirs = _unpacked(theirs)
    if not theirs.strip():
        data = ours.encode()
    elif theirs.startswith(b"#!"):
        data = (ours + _THEN.format(folder=FOLDER, theirs=base64.encodebytes(theirs).decode())).encode()
    else:
        data = _several(ours.encode(), theirs)
    if len(data) > MAX_BYTES and len(data := gzip.compress(data, mtime=0)) > MAX_BYTES:
        raise ConfigurationError(
            f"the user data has {len(data)} bytes with what ends the host, and the cloud takes {MAX_BYTES}",
            next_step="make it shorter: let it fetch what it needs",
        )
    return data


def user_data_in(path: Path) -> bytes:
    """Return the user data that a fleet names; raise `ConfigurationError`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"the user data cannot be read: {path}: {error.strerror}", next_step="mend `amazonec2-userdata`"
        ) from None


def renewal(life_s: float) -> list[str]:
    """Return the command that lets a host live so long from now, by its own clock; it needs no terminal."""
    script = (
        f"mkdir -p {FOLDER} && echo $(($(date +%s) + {max(1, round(life_s))})) >{ENDS_AT}.new"
        f" && mv {ENDS_AT}.new {ENDS_AT} && cat {ENDS_AT}"
    )
    return ["sudo", "-n", "sh", "-c", shlex.quote(script)]


def _several(ours: bytes, theirs: bytes) -> bytes:
    """Return both as cloud-init takes several parts, a MIME message."""
    whole = MIMEMultipart(boundary=_BOUNDARY)
    whole.attach(_part(ours, "x-shellscript"))
    if theirs.lstrip()[:64].lower().startswith((b"content-type:", b"mime-version:")):
        message = message_from_bytes(theirs.lstrip())
        payload = message.get_payload()
        parts = [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []
        for part in parts or [message]:
            whole.attach(part)
        return whole.as_bytes()
    kind = next((kind for begins, kind in _TYPES if theirs.startswith(begins)), None)
    if kind is None:
        raise ConfigurationError(
            "the user data is of no kind that cloud-init knows",
            cause="it begins neither with `#!` nor with `#cloud-config` nor with another of its words",
            next_step="mend `amazonec2-userdata`",
        )
    whole.attach(_part(theirs, kind))
    return whole.as_bytes()


def _part(content: bytes, kind: str) -> Message:
    part = MIMENonMultipart("text", kind)
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(content).decode())
    return part


def _unpacked(theirs: bytes) -> bytes:
    try:
        return gzip.decompress(theirs)
    except (OSError, EOFError):
        raise ConfigurationError(
            "the user data is packed and cannot be unpacked", next_step="mend `amazonec2-userdata`"
        ) from None
