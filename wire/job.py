"""What a tester is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from wire.errors import WireError
from wire.fields import Fields, decode_object, encode_object
from wire.versions import JOB_VERSION, JOB_VERSIONS

MAX_SERVERS = 1_000_000
MAX_PROBE_COUNT = 100_000
MAX_TIMEOUT_S = 300.0
MAX_INTERVAL_S = 3_600.0
MAX_SIZE_BYTES = 65_000
IP_CHOICES = ("4", "6", "both")
PROBE_TYPES = ("icmp", "tcp")
TRACE_CHOICES = ("off", "worst", "all")
MAX_PORT = 65_535
MIN_RATE_PER_S, MAX_RATE_PER_S = 0.001, 10_000_000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbePlan:
    """How each address is probed.

    `count` probes, one every `interval_s`; a probe without an answer after `timeout_s` is late or
    lost. `type` is "icmp", or "tcp": then each is a connect to `port`. `size_bytes` counts the
    payload after the ICMP header. `ip` chooses among the addresses of a name: "4", "6" or "both".
    `dscp` is the DiffServ code point, 0 to 63 (RFC 2474). `rate_per_s` bounds the probes of a second
    over all addresses: what does not fit into an interval makes it longer. `trace` says whose path
    is traced after the probing: nobody's, that of the worst rows, or of all.
    """

    type: str = "icmp"
    port: int | None = None
    count: int = 20
    interval_s: float = 0.2
    timeout_s: float = 2.0
    size_bytes: int = 56
    ip: str = "both"
    dscp: int = 0
    rate_per_s: float | None = None
    trace: str = "off"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        trace = None if self.trace == "off" else self.trace
        given = {"port": self.port, "rate_per_s": self.rate_per_s, "trace": trace}
        return {
            "type": self.type,
            **{name: value for name, value in given.items() if value is not None},
            "count": self.count,
            "interval_s": self.interval_s,
            "timeout_s": self.timeout_s,
            "size_bytes": self.size_bytes,
            "ip": self.ip,
            "dscp": self.dscp,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "ProbePlan":
        """Return the plan in a JSON object; raise `WireError`."""
        kind = fields.one_of("type", PROBE_TYPES)
        port = fields.integer_or_none("port", least=1, most=MAX_PORT)
        if (port is not None) != (kind == "tcp"):
            reason = "is what a TCP probe needs" if kind == "tcp" else "is for TCP probes"
            raise WireError(field=fields.path("port"), reason=reason)
        return cls(
            type=kind,
            port=port,
            count=fields.integer("count", least=1, most=MAX_PROBE_COUNT),
            interval_s=fields.number("interval_s", least=0.0, most=MAX_INTERVAL_S),
            timeout_s=fields.number("timeout_s", least=0.001, most=MAX_TIMEOUT_S),
            size_bytes=fields.integer("size_bytes", least=0, most=MAX_SIZE_BYTES),
            ip=fields.one_of("ip", IP_CHOICES),
            dscp=fields.integer("dscp", least=0, most=63),
            rate_per_s=fields.number_or_none("rate_per_s", least=MIN_RATE_PER_S, most=MAX_RATE_PER_S),
            trace="off" if fields.opt("trace") is None else fields.one_of("trace", TRACE_CHOICES),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class JobServer:
    """A server to measure: `host` is an address or a name, whose every A and AAAA is probed."""

    name: str
    host: str
    group: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {"name": self.name, "host": self.host, "group": self.group}

    @classmethod
    def from_fields(cls, fields: Fields) -> "JobServer":
        """Return the server in a JSON object; raise `WireError`."""
        return cls(
            name=fields.text("name", longest=255),
            host=fields.text("host", longest=255),
            group=fields.text("group", longest=255),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Everything that a tester is told; it reads the file again before each run.

    `repeat` is the number of runs of the sweep, None for no end. Runs begin `every_s` apart, each
    later by a random part of `jitter_s`. `collector_url` None means: spool, and let somebody fetch.
    `owns_host` says that the host was made for this tester, so that it may ask what stands around it.
    """

    fleet: str
    fleet_id: UUID
    tester: str
    tester_id: UUID
    sweep_id: UUID
    servers: tuple[JobServer, ...]
    probe: ProbePlan
    repeat: int | None = 1
    every_s: float = 0.0
    jitter_s: float = 0.0
    collector_url: str | None = None
    insecure: bool = False
    owns_host: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "v": JOB_VERSION,
            "fleet": self.fleet,
            "fleet_id": str(self.fleet_id),
            "tester": self.tester,
            "tester_id": str(self.tester_id),
            "sweep_id": str(self.sweep_id),
            "servers": [server.to_dict() for server in self.servers],
            "probe": self.probe.to_dict(),
            "run": {"repeat": self.repeat, "every_s": self.every_s, "jitter_s": self.jitter_s},
            "collector": {"url": self.collector_url, "insecure": self.insecure},
            **({"owns_host": True} if self.owns_host else {}),
        }

    def to_bytes(self) -> bytes:
        """Return the job file."""
        return encode_object(self.to_dict())

    @classmethod
    def from_bytes(cls, body: bytes) -> "Job":
        """Return the job in a file; raise `WireError`."""
        return cls.from_dict(decode_object(body))

    @classmethod
    def from_dict(cls, value: Mapping[str, Any] | object) -> "Job":
        """Return the job in a decoded object; raise `WireError`."""
        fields = Fields(value)
        fields.version(what="job", known=JOB_VERSIONS)
        run = fields.object("run")
        collector = fields.object("collector")
        servers = tuple(
            JobServer.from_fields(Fields(item, path=f"servers[{number}]"))
            for number, item in enumerate(fields.items("servers", most=MAX_SERVERS))
        )
        if len({server.name for server in servers}) != len(servers):
            raise WireError(field="servers", reason="two servers have one name")
        return cls(
            fleet=fields.text("fleet", longest=255),
            fleet_id=fields.uuid("fleet_id"),
            tester=fields.text("tester", longest=255),
            tester_id=fields.uuid("tester_id"),
            sweep_id=fields.uuid("sweep_id"),
            servers=servers,
            probe=ProbePlan.from_fields(fields.object("probe")),
            repeat=run.integer_or_none("repeat", least=1, most=10_000_000),
            every_s=run.number("every_s", least=0.0, most=31_536_000.0),
            jitter_s=run.number("jitter_s", least=0.0, most=31_536_000.0),
            collector_url=collector.text_or_none("url"),
            insecure=collector.boolean("insecure"),
            owns_host=fields.opt("owns_host") is True,
        )
