"""Steps in the life of a host: each is written down, then done."""

from uuid import UUID

from orchestrator.act.identity import new_host_name, token_of
from orchestrator.act.job import job_of
from orchestrator.act.keeping import keep
from orchestrator.act.peers import known_addresses
from orchestrator.act.ports import Ports
from orchestrator.decide.actions import CreateHost
from orchestrator.decide.host import Host, HostEvent, HostState, IllegalMove
from orchestrator.decide.told import digest_of_job, with_image_of
from orchestrator.errors import ConfigurationError
from orchestrator.events import HostMoved, HostStep, Note, Removed
from orchestrator.fleet.drivers import GENERIC, is_of_docker_machine
from orchestrator.fleet.model import Fleet, Tester
from orchestrator.patience import Patience
from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.docker_machine import region_of
from orchestrator.places.machine.note import MachineNotes
from orchestrator.places.machine.provisioned import changed_by_provisioning
from orchestrator.places.place import NewHost, Say


class HostWork:
    """Makes, starts and removes the hosts of one fleet, for one sweep."""

    def __init__(self, *, fleet: Fleet | None, sweep_id: UUID | None, ports: Ports) -> None:
        self._fleet = fleet
        self._sweep_id = sweep_id
        self._ports = ports

    def create(self, action: CreateHost, *, deadline: Deadline) -> str:
        """Make a host and return its name."""
        journal = self._ports.journal
        name = action.host_name
        tester = self._tester(action.tester_name)
        if name is None:
            name = new_host_name(
                fleet=self._ports.state.name, tester=tester.name, fleet_id=self._ports.fleet_id
            )
            journal.add_host(
                Host(
                    name=name,
                    tester=tester.name,
                    tester_id=self._ports.tester_ids[tester.name],
                    driver=tester.driver,
                    region=tester.region,
                    state=HostState.PLANNED,
                    since=self._ports.clock(),
                    attempts=action.attempt,
                ),
                detail=action.reason,
                cloud_region=region_of(tester.driver, tester.options, otherwise=tester.region)
                if is_of_docker_machine(tester.driver)
                else "",
            )
        self._move(name, HostEvent.CREATE_STARTED, reason=action.reason)
        try:
            self._ports.place.create(
                NewHost(
                    name=name,
                    tester=tester.name,
                    driver=tester.driver,
                    region=tester.region,
                    fleet_id=self._ports.fleet_id,
                    options=tester.options,
                    references=tester.references,
                ),
                say=self._sayer(tester=tester.name, host_name=name),
                deadline=deadline.sooner(self._patience.create_deadline_s),
            )
        except Exception as error:
            # Nobody else knows its name; taken for half made, it would be made anew for ever.
            self.fail(name, reason=str(error))
            raise
        self._move(name, HostEvent.CREATED)
        return name

    def start(self, host_name: str, *, tester_name: str, first_index: int, deadline: Deadline) -> None:
        """Start the tester of a host with the sweep's job, from run `first_index` on a new host."""
        _, sweep_id, tester = self._wanted(tester_name)
        job, digest = self._job(tester)
        host = self._ports.journal.move_told(
            host_name, HostEvent.START_STARTED, job_digest=digest, sweep_id=sweep_id
        )
        self._say(host)
        self._ports.place.start(
            host_name,
            job=job,
            token=token_of(self._ports.state.tokens, tester_id=host.tester_id),
            first_index=first_index,
            say=self._sayer(tester=tester_name, host_name=host_name),
            deadline=deadline.sooner(self._patience.image_deadline_s + self._patience.start_deadline_s),
        )
        self._move(host_name, HostEvent.TESTER_STARTED)

    def replace(self, host_name: str, *, tester_name: str, first_index: int, deadline: Deadline) -> None:
        """Stop the tester of a host and start it again with a new job."""
        _, sweep_id, tester = self._wanted(tester_name)
        _, digest = self._job(tester)
        host = self._ports.journal.move_told(
            host_name, HostEvent.START_STARTED, job_digest=digest, sweep_id=sweep_id
        )
        self._say(host)
        self._ports.place.stop(host_name, deadline=deadline.sooner(self._patience.stop_deadline_s))
        self.start(host_name, tester_name=tester_name, first_index=first_index, deadline=deadline)

    def tell(self, host_name: str, *, tester_name: str) -> None:
        """Write a host's job anew; its tester reads it before its next run."""
        _, _, tester = self._wanted(tester_name)
        job, digest = self._job(tester)
        self._ports.place.tell(host_name, job=job)
        told = self._ports.journal.host(host_name).job_digest or ""
        self._ports.journal.tell(host_name, job_digest=with_image_of(told, digest))

    def runs_begun(self, host_name: str) -> int:
        """Return how many runs of this sweep the tester of a host has begun, by its own note."""
        host = self._ports.journal.host(host_name)
        if self._sweep_id is None or host.sweep_id != self._sweep_id:
            return 0
        return self._ports.place.runs_made(host_name, sweep_id=self._sweep_id, tester_id=host.tester_id)

    def remove(self, host_name: str, *, reason: str, deadline: Deadline) -> None:
        """Remove a host; reports that it still holds are set aside on this machine first."""
        begun = self._ports.clock()
        host = self._move(host_name, HostEvent.REMOVE_STARTED, reason=reason)
        keep(host, ports=self._ports, deadline=deadline)
        changed = self._changed_there(host)
        self._ports.place.remove(
            host_name,
            say=self._sayer(tester=host.tester, host_name=host_name),
            deadline=deadline.sooner(self._patience.remove_deadline_s),
        )
        self._ports.journal.move(host_name, HostEvent.REMOVED)
        now = self._ports.clock()
        self._ports.emit(
            Removed(
                time=now, tester=host.tester, host=host_name, after_s=max(0.0, (now - begun).total_seconds())
            )
        )
        if changed:
            text = f"{host.tester}: what docker-machine changed there stays: {'; '.join(changed)}"
            self._ports.emit(Note(time=now, text=text))

    def fail(self, host_name: str, *, reason: str, is_final: bool = False) -> None:
        """Write down that a host failed, if that can still be said of it.

        `is_final`: another host for its tester would fail in the same way.
        """
        try:
            if is_final:
                self._ports.journal.count_as_last(host_name, attempts=self._patience.create_attempts)
            self._move(host_name, HostEvent.FAILED, reason=reason)
        except (IllegalMove, KeyError):
            return

    def finish(self, host_name: str) -> None:
        """Write down that the tester of a host has made all its runs."""
        self._move(host_name, HostEvent.RUNS_COMPLETE)

    @property
    def _patience(self) -> Patience:
        return self._ports.patience

    def _changed_there(self, host: Host) -> list[str]:
        """Return what stays changed on a host that is somebody's own."""
        if host.driver != GENERIC:
            return []
        said = MachineNotes(self._ports.state.testers).said(host.name, "create")
        return changed_by_provisioning(said, name=host.name)

    def _job(self, tester: Tester) -> tuple[bytes, str]:
        """Return what a tester is to be told now, and its digest."""
        fleet, sweep_id, _ = self._wanted(tester.name)
        addresses = known_addresses(fleet, ports=self._ports)
        job = job_of(
            fleet=fleet,
            fleet_id=self._ports.fleet_id,
            tester=tester,
            tester_id=self._ports.tester_ids[tester.name],
            sweep_id=sweep_id,
            access=self._ports.access,
            addresses=addresses,
        )
        # One that announces no run is never seen between two of them, and keeps its image.
        image = "" if job.collector_url is None else self._ports.image
        digest = digest_of_job(fleet=fleet, tester=tester, addresses=addresses, image=image)
        return job.to_bytes(), digest

    def _wanted(self, tester_name: str) -> tuple[Fleet, UUID, Tester]:
        if self._fleet is None or self._sweep_id is None:
            raise ConfigurationError(
                "there is no open sweep to start a tester for", next_step="orchestrate up"
            )
        return self._fleet, self._sweep_id, self._tester(tester_name)

    def _tester(self, name: str) -> Tester:
        tester = None if self._fleet is None else self._fleet.tester(name)
        if tester is None:
            raise ConfigurationError(f"the fleet has no tester {name!r}")
        return tester

    def _move(self, host_name: str, event: HostEvent, *, reason: str = "") -> Host:
        host = self._ports.journal.move(host_name, event, detail=reason)
        self._say(host, reason=reason)
        return host

    def _sayer(self, *, tester: str, host_name: str) -> Say:
        def say(text: str) -> None:
            self._ports.emit(HostStep(time=self._ports.clock(), tester=tester, host=host_name, text=text))

        return say

    def _say(self, host: Host, *, reason: str = "") -> None:
        self._ports.emit(
            HostMoved(
                time=self._ports.clock(),
                tester=host.tester,
                host=host.name,
                state=host.state.value,
                reason=reason,
            )
        )
