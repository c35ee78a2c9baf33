"""What a tester of a fleet is told."""

from uuid import UUID

from orchestrator.act.access import Access
from orchestrator.decide.delivery import is_fetched
from orchestrator.fleet.model import Fleet, Tester
from wire.job import Job, JobServer

LOCAL_ADDRESS = "127.0.0.1"
"""The address of every tester that runs on this machine."""


def job_of(
    *, fleet: Fleet, fleet_id: UUID, tester: Tester, tester_id: UUID, sweep_id: UUID, access: Access
) -> Job:
    """Return the job of one tester for one sweep; without a collector where its reports are fetched."""
    fetched = is_fetched(fleet=fleet, tester=tester, collector_url=access.url)
    return Job(
        fleet=fleet.name,
        fleet_id=fleet_id,
        tester=tester.name,
        tester_id=tester_id,
        sweep_id=sweep_id,
        servers=servers_of(fleet),
        probe=tester.probe.to_wire(),
        repeat=fleet.run.repeat,
        every_s=fleet.run.every_s,
        jitter_s=fleet.run.jitter_s,
        collector_url=None if fetched else access.url,
        insecure=access.insecure,
    )


def servers_of(fleet: Fleet) -> tuple[JobServer, ...]:
    """Return the servers of a fleet; `from: testers` becomes every tester's own address.

    All testers of the driver `local` share one address, so they are one server.
    """
    servers: list[JobServer] = []
    for server in fleet.servers:
        if server.from_testers:
            servers.append(JobServer(name=server.name, host=LOCAL_ADDRESS, group=server.group))
        elif server.host is not None:
            servers.append(JobServer(name=server.name, host=server.host, group=server.group))
    return tuple(servers)
