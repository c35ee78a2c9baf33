"""Which collector a fleet's results are at, and with which tokens."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.act.embedded import EmbeddedCollector
from orchestrator.act.state import FleetState
from orchestrator.collector_client import CollectorClient
from orchestrator.errors import ConfigurationError
from orchestrator.fleet.model import Fleet, SecretRef
from orchestrator.secret_files import read_secret_file
from orchestrator.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """A collector's URL and our tokens there; the tokens stay out of the representation.

    `embedded` says that it is the one that this orchestrator runs itself.
    """

    url: str
    admin_token: str | None = field(default=None, repr=False)
    reader_token: str | None = field(default=None, repr=False)
    insecure: bool = False
    embedded: bool = False

    def client(self) -> CollectorClient:
        """Return a client, to be used as a context manager."""
        return CollectorClient(
            self.url,
            admin_token=self.admin_token,
            reader_token=self.reader_token,
            insecure=self.insecure,
        )


def remote_access(
    fleet: Fleet | None, *, settings: Settings, environment: Mapping[str, str]
) -> Access | None:
    """Return the access to the collector that fleet or environment name, None where neither does.

    Raise `ConfigurationError` for a token that cannot be read.
    """
    said = None if fleet is None else fleet.collector
    url = settings.collector_url if said is None else said.url or settings.collector_url
    if url is None:
        return None
    directory = Path("." if fleet is None else fleet.directory)
    admin = reader = None
    # The environment outranks the fleet: a file's path may be another machine's.
    if said is not None and settings.admin_token is None:
        admin = _secret(said.admin_token, directory=directory, environment=environment)
    if said is not None and settings.reader_token is None:
        reader = _secret(said.reader_token, directory=directory, environment=environment)
    return Access(
        url=url,
        admin_token=settings.admin_token or admin,
        reader_token=settings.reader_token or reader,
        insecure=settings.insecure or (said is not None and said.insecure),
    )


def embedded_access(collector: EmbeddedCollector, *, url: str) -> Access:
    """Return the access to an embedded collector that runs at `url`."""
    return Access(url=url, admin_token=collector.admin_token(), embedded=True)


@contextmanager
def collector_access(
    fleet: Fleet | None, state: FleetState | None, *, settings: Settings, environment: Mapping[str, str]
) -> Iterator[Access]:
    """Give access to a fleet's collector for the length of a command.

    An embedded collector that is stopped is started on a free port of the loopback, and stopped
    again at the end. Raise `ConfigurationError` where there are no results at all.
    """
    remote = remote_access(fleet, settings=settings, environment=environment)
    if remote is not None:
        yield remote
        return
    if state is None:
        raise ConfigurationError(
            "no collector is named",
            cause="neither a fleet nor ORCHESTRATE_COLLECTOR_URL says where the results are",
            next_step="name a fleet file, or export ORCHESTRATE_COLLECTOR_URL=https://…",
        )
    collector = EmbeddedCollector(state.collector)
    running = collector.running_url()
    if running is not None:
        yield embedded_access(collector, url=running)
        return
    if not collector.has_results:
        raise ConfigurationError(
            f"fleet {state.name!r} has no results here",
            cause="its embedded collector was never started",
            next_step="orchestrate up",
        )
    url = collector.up_for_now()
    try:
        yield embedded_access(collector, url=url)
    finally:
        collector.down()


def _secret(reference: SecretRef | None, *, directory: Path, environment: Mapping[str, str]) -> str | None:
    if reference is None:
        return None
    if reference.env is not None:
        value = environment.get(reference.env, "").strip()
        if not value:
            raise ConfigurationError(
                f"the variable {reference.env} is not set",
                cause="fleet.yaml says that a collector's token stands in it",
                next_step=f"export {reference.env}=…",
            )
        return value
    return read_secret_file(directory / str(reference.file), named_by="the fleet")
