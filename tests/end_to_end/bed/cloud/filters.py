"""What a host's security groups let in, as rules for its own iptables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

CHAIN = "GROUPS"
ALL = "-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """One inbound rule of a group: a protocol, its ports, and who may come."""

    protocol: str
    """`tcp`, `udp`, `icmp`, a number, or `-1` for every protocol."""
    first_port: int | None = None
    last_port: int | None = None
    network: str | None = None
    group_id: str | None = None


def filter_text(openings: Iterable[Opening], *, members: Mapping[str, Sequence[str]]) -> str:
    """Return the input of `iptables-restore`: what no rule lets in is dropped.

    Groups are stateful: answers come in. The rules stand before address translation, so that ports which
    containers publish are filtered as well. `members` has the addresses of each group's hosts.
    """
    lines = [
        "*mangle",
        ":PREROUTING ACCEPT [0:0]",
        f":{CHAIN} - [0:0]",
        f"-A PREROUTING -i eth0 -j {CHAIN}",
        f"-A {CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN",
    ]
    for opening in openings:
        for source in _sources(opening, members):
            lines.append(f"-A {CHAIN} -s {source}{_match(opening)} -j RETURN")
    return "\n".join([*lines, f"-A {CHAIN} -j DROP", "COMMIT", ""])


def _sources(opening: Opening, members: Mapping[str, Sequence[str]]) -> Iterable[str]:
    if opening.network is not None:
        return [opening.network]
    return members.get(opening.group_id or "", ())


def _match(opening: Opening) -> str:
    if opening.protocol == ALL:
        return ""
    match = f" -p {opening.protocol}"
    if opening.protocol in ("tcp", "udp") and opening.first_port is not None and opening.first_port >= 0:
        return f"{match} --dport {opening.first_port}:{opening.last_port}"
    if opening.protocol == "icmp" and opening.first_port is not None and opening.first_port >= 0:
        # EC2 keeps the ICMP type where ports have their first number.
        return f"{match} --icmp-type {opening.first_port}"
    return match
