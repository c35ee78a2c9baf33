"""Servers as a person lists them: `name host [group]` or `host`, one a line (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass

from wire.job import JobServer

LONGEST = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerList:
    """The servers that were understood, and what is wrong with the other lines."""

    servers: tuple[JobServer, ...]
    problems: tuple[str, ...]


def read_lines(lines: Iterable[str], *, source: str) -> ServerList:
    """Return the servers in `lines`; a bad line is named by its number, and the rest stands.

    `#` begins a comment. `source` names the file in the problems.
    """
    servers: dict[str, JobServer] = {}
    first_line: dict[str, int] = {}
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        reason = _reason_against(words)
        if reason is None:
            server = server_of(words)
            if server.name in servers:
                reason = f"the server name {server.name!r} is taken by line {first_line[server.name]}"
            else:
                servers[server.name] = server
                first_line[server.name] = number
        if reason is not None:
            problems.append(f"{source}, line {number}: {reason}; this line is left out")
    return ServerList(servers=tuple(servers.values()), problems=tuple(problems))


def server_of(words: list[str]) -> JobServer:
    """Return the server in one to three words."""
    if len(words) == 1:
        return JobServer(name=words[0], host=words[0])
    return JobServer(name=words[0], host=words[1], group=words[2] if len(words) > 2 else "")


def _reason_against(words: list[str]) -> str | None:
    if len(words) > 3:
        return f"{len(words)} words, but a line is `name host [group]` or `host`"
    for word in words:
        if len(word) > LONGEST:
            return f"{word[:20]!r}… has {len(word)} characters, {LONGEST} are allowed"
        if not word.isprintable():
            return f"{word[:40]!r} has a character that cannot be printed"
    return None
