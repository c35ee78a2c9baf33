"""From arguments to a job: what somebody who uses the tester by hand wants."""

import argparse
from collections.abc import Iterable
from typing import TypeVar
from uuid import uuid4

from tester.errors import JobError, UsageError
from tester.flags import FLAGS, FOREVER, path_of
from tester.log import Log
from tester.servers import ServerList, read_lines
from wire.errors import WireError
from wire.job import Job, JobServer, ProbePlan

Value = TypeVar("Value")


def refuse_mixture(settings: argparse.Namespace) -> None:
    """Raise `UsageError` where a job is given together with what only a job may say."""
    clash = sorted(flag.name for flag in FLAGS if flag.by_hand and flag.name in settings.given)
    clash += ["tester-id"] if "tester-id" in settings.given else []
    if settings.job is not None and clash:
        names = ", ".join(f"--{name}" for name in clash)
        raise UsageError(f"--job says who measures what; it goes without {names}")


def job_by_hand(settings: argparse.Namespace, *, stdin: Iterable[str], log: Log) -> Job:
    """Return the job that the arguments describe; ids that nobody gave are new."""
    servers = _servers(settings, stdin=stdin, log=log)
    if not servers:
        raise UsageError(
            "no server to ping: give --host HOST, --server NAME=HOST, --servers FILE or --job FILE"
        )
    default = ProbePlan()
    repeat = 1 if settings.repeat is None else settings.repeat
    job = Job(
        fleet=settings.fleet or "by-hand",
        fleet_id=settings.fleet_id or uuid4(),
        tester=settings.tester or "by-hand",
        tester_id=settings.tester_id or uuid4(),
        sweep_id=settings.sweep_id or uuid4(),
        servers=tuple(servers),
        probe=ProbePlan(
            # Who names a port means TCP.
            type=settings.type or ("icmp" if settings.port is None else "tcp"),
            port=settings.port,
            count=_or(settings.count, default.count),
            interval_s=_or(settings.interval, default.interval_s),
            timeout_s=_or(settings.timeout, default.timeout_s),
            size_bytes=_or(settings.size, default.size_bytes),
            ip=_or(settings.ip, default.ip),
            dscp=_or(settings.dscp, default.dscp),
            rate_per_s=settings.rate,
            trace=_or(settings.trace, default.trace),
        ),
        repeat=None if repeat == FOREVER else repeat,
        every_s=_or(settings.every, 0.0),
        jitter_s=_or(settings.jitter, 0.0),
        collector_url=settings.collector,
        insecure=settings.insecure,
    )
    try:
        # What a job file could not say, the arguments cannot either.
        return Job.from_dict(job.to_dict())
    except WireError as error:
        raise JobError(f"these arguments make no job: {error}") from None


def _servers(settings: argparse.Namespace, *, stdin: Iterable[str], log: Log) -> list[JobServer]:
    servers = [JobServer(name=host, host=host) for host in dict.fromkeys(settings.host)]
    for text in settings.server:
        name, equals, host = text.partition("=")
        if not equals or not name.strip() or not host.strip():
            raise UsageError(f"--server {text!r}: write NAME=HOST")
        servers.append(JobServer(name=name.strip(), host=host.strip()))
    if settings.servers is not None:
        listed = _listed(settings.servers, stdin=stdin)
        for problem in listed.problems:
            log.warning("bad_line", problem)
        servers.extend(listed.servers)
    names = [server.name for server in servers]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise UsageError(f"two servers have the name {twice[0]!r}")
    return servers


def _listed(source: str, *, stdin: Iterable[str]) -> ServerList:
    if source == "-":
        return read_lines(stdin, source="stdin")
    try:
        with path_of(source).open(encoding="utf-8", errors="replace") as file:
            return read_lines(file, source=source)
    except OSError as error:
        raise UsageError(f"--servers {source}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"--servers: {error}") from None


def _or(value: Value | None, default: Value) -> Value:
    return default if value is None else value
