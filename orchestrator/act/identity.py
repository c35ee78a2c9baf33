"""Who is who: fleets, testers, hosts and their tokens."""

import hashlib
import re
import secrets
from pathlib import Path
from uuid import UUID, uuid5

from orchestrator.places.files import write_whole

LONGEST_HOST_NAME = 63
TOKEN_BYTES = 32


def tester_id_of(*, fleet_id: UUID, tester: str) -> UUID:
    """Return the UUID of a fleet's tester: the same wherever the fleet is worked on."""
    return uuid5(fleet_id, f"tester:{tester}")


def new_host_name(*, fleet: str, tester: str, fleet_id: UUID) -> str:
    """Return a name that no host has had: `<fleet>-<tester>-<8 of the fleet's UUID>-<4 random>`.

    A host name takes lower-case letters, digits and `-`, at most 63 of them; what does not fit is
    cut from the fleet's and the tester's part, because the rest tells whose it is.
    """
    tail = f"-{fleet_id.hex[:8]}-{secrets.token_hex(2)}"
    room = LONGEST_HOST_NAME - len(tail)
    tester_part = _plain(tester)[: room - 2] or "t"
    fleet_part = _plain(fleet)[: room - len(tester_part) - 1].rstrip("-") or "f"
    return f"{fleet_part}-{tester_part}{tail}"


def token_of(directory: Path, *, tester_id: UUID) -> str:
    """Return a tester's token; it is minted and saved at the first time of asking."""
    path = directory / str(tester_id)
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    return new_token(directory, tester_id=tester_id)


def new_token(directory: Path, *, tester_id: UUID) -> str:
    """Mint a tester's token and save it in the place of the one that there may be."""
    path = directory / str(tester_id)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    write_whole(path, token.encode() + b"\n")
    return token


def is_told(directory: Path, *, tester_id: UUID, url: str) -> bool:
    """Return whether the collector at `url` was told a tester's token from here."""
    try:
        return (directory / f"{tester_id}.told").read_text(encoding="utf-8") == url
    except OSError:
        return False


def note_told(directory: Path, *, tester_id: UUID, url: str) -> None:
    """Note that the collector at `url` knows a tester's token: written after it was told."""
    write_whole(directory / f"{tester_id}.told", url.encode())


def digest_of_token(token: str) -> str:
    """Return what the collector keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
