"""From names to addresses, asked again before each run."""

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from tester.engine.engine import Address
from wire.job import JobServer

MOST_THREADS = 32
LOOK_UP_S = 0.2
"""How long a wish to give up may go unseen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Every address of a name; `error` says why there is none."""

    addresses: tuple[Address, ...] = ()
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of the report to come: a server at one address, or one that has no address."""

    server: JobServer
    address: Address | None = None
    error: str | None = None


class Resolver(Protocol):
    """Asks the name service."""

    def answers(
        self, names: Iterable[str], *, deadline_s: float, give_up: Callable[[], bool] = lambda: False
    ) -> Mapping[str, Answer]:
        """Return an answer for each name, whatever happens, by the deadline or soon after `give_up`."""


class SystemResolver:
    """getaddrinfo, which cannot be stopped, in threads that nobody waits for beyond the deadline."""

    def __init__(self) -> None:
        self._alive = threading.Semaphore(MOST_THREADS)

    def answers(
        self, names: Iterable[str], *, deadline_s: float, give_up: Callable[[], bool] = lambda: False
    ) -> Mapping[str, Answer]:
        """Return an answer for each name, whatever happens, within the deadline."""
        wanted = list(dict.fromkeys(names))
        late = Answer(error=f"no answer from the resolver within {deadline_s:g} s")
        asked: queue.SimpleQueue[str] = queue.SimpleQueue()
        answered: queue.SimpleQueue[tuple[str, Answer]] = queue.SimpleQueue()
        for name in wanted:
            asked.put(name)
        for _ in range(min(len(wanted), MOST_THREADS)):
            # Threads that hang in an earlier question still count, so that they cannot pile up.
            if self._alive.acquire(blocking=False):
                threading.Thread(target=self._ask, args=(asked, answered), daemon=True).start()
        end = time.monotonic() + deadline_s
        answers: dict[str, Answer] = {}
        while len(answers) < len(wanted):
            left_s = end - time.monotonic()
            try:
                name, answer = answered.get(timeout=min(max(0.0, left_s), LOOK_UP_S))
            except queue.Empty:
                if left_s <= 0 or give_up():
                    break
            else:
                answers[name] = answer
        while not asked.empty():
            # Nobody wants these answers any more.
            try:
                asked.get_nowait()
            except queue.Empty:
                break
        return {name: answers.get(name, late) for name in wanted}

    def _ask(
        self, asked: "queue.SimpleQueue[str]", answered: "queue.SimpleQueue[tuple[str, Answer]]"
    ) -> None:
        try:
            while True:
                name = asked.get_nowait()
                answered.put((name, _looked_up(name)))
        except queue.Empty:
            return
        finally:
            self._alive.release()


def rows_of(
    servers: Iterable[JobServer],
    *,
    ip: str,
    resolver: Resolver,
    deadline_s: float = 10.0,
    give_up: Callable[[], bool] = lambda: False,
) -> list[Row]:
    """Return a row for each address of each server, and one for each name without an address.

    `ip` chooses among the addresses of a name; a server given by address is taken as it is.
    """
    servers = list(servers)
    literal = {server.host: literal_address(server.host) for server in servers}
    names = [host for host, address in literal.items() if address is None]
    answers = resolver.answers(names, deadline_s=deadline_s, give_up=give_up) if names else {}
    rows: list[Row] = []
    for server in servers:
        address = literal[server.host]
        if address is not None:
            rows.append(Row(server=server, address=address))
        else:
            rows.extend(_rows_of_name(server, answers[server.host], ip=ip))
    return rows


def literal_address(host: str) -> Address | None:
    """Return the address that `host` already is, None where it is a name."""
    for domain, family in ((socket.AF_INET, 4), (socket.AF_INET6, 6)):
        plain, percent, zone = host.partition("%")
        if percent and (family == 4 or not zone):
            continue
        try:
            text = socket.inet_ntop(domain, socket.inet_pton(domain, plain))
        except (OSError, ValueError):
            continue
        return Address(text=text + percent + zone, family=family)
    return None


def _rows_of_name(server: JobServer, answer: Answer, *, ip: str) -> list[Row]:
    chosen = sorted(
        {address for address in answer.addresses if ip in ("both", str(address.family))},
        key=lambda address: (address.family, address.text),
    )
    if chosen:
        return [Row(server=server, address=address) for address in chosen]
    error = answer.error or f"{server.host} has no IPv{ip} address"
    return [Row(server=server, error=error)]


def _looked_up(name: str) -> Answer:
    # As bytes, an ASCII name needs no IDNA codec, whose import takes longer than the question.
    host = name.encode("ascii") if name.isascii() else name
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        return Answer(error=f"{name} does not resolve: {error.strerror or error}")
    except ValueError as error:
        return Answer(error=f"{name[:80]} is not a host name: {error}")
    addresses: dict[Address, None] = {}
    for domain, _type, _protocol, _name, to in found:
        text = str(to[0])
        if domain == socket.AF_INET:
            addresses[Address(text=text, family=4)] = None
        elif domain == socket.AF_INET6:
            zone = f"%{to[3]}" if len(to) > 3 and to[3] and "%" not in text else ""
            addresses[Address(text=text + zone, family=6)] = None
    if not addresses:
        return Answer(error=f"{name} has no address")
    return Answer(addresses=tuple(addresses))
