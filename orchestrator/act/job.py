"""What a tester of a fleet is told."""

from collections.abc import Mapping
from uuid import UUID

from orchestrator.act.access import Access
from orchestrator.decide.delivery import is_fetched
from orchestrator.decide.peers import servers_of
from orchestrator.fleet.drivers import is_of_docker_machine
from orchestrator.fleet.model import Fleet, Tester
from wire.job import Job


def job_of(
    *,
    fleet: Fleet,
    fleet_id: UUID,
    tester: Tester,
    tester_id: UUID,
    sweep_id: UUID,
    access: Access,
    addresses: Mapping[str, str],
) -> Job:
    """Return the job of one tester for one sweep; without a collector where its reports are fetched.

    `addresses` are those of its peers, by tester.
    """
    fetched = is_fetched(fleet=fleet, tester=tester, collector_url=access.url)
    return Job(
        fleet=fleet.name,
        fleet_id=fleet_id,
        tester=tester.name,
        tester_id=tester_id,
        sweep_id=sweep_id,
        servers=servers_of(fleet, tester, addresses=addresses),
        probe=tester.probe.to_wire(),
        owns_host=is_of_docker_machine(tester.driver),
        repeat=fleet.run.repeat,
        every_s=fleet.run.every_s,
        jitter_s=fleet.run.jitter_s,
        collector_url=None if fetched else access.url,
        insecure=access.insecure,
    )
