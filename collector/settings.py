"""What the environment and the command line say, read once at the edge."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote
from uuid import UUID, uuid4

from collector.alerts.rules import Rules
from collector.errors import ConfigurationError
from collector.history.keep import Keep
from collector.secret_files import all_may_read, open_secret, read_secret_file
from collector.verdicts.thresholds import DEFAULTS, Thresholds, read_thresholds

PREFIX = "COLLECTOR_"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 9090
MIB = 2**20
LONGEST_S = 10**9
"""Thirty years: a time this far from now is still one that can be stored."""

MOST_DAYS = 36_500
MOST_PROBES = 10**9
MOST_WORKERS = 64

POSTGRES = ("postgresql://", "postgres://", "postgresql+psycopg://")

TRUE = ("1", "true", "yes", "on")
FALSE = ("", "0", "false", "no", "off")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings of one collector.

    `admin_token` and `reader_token` are accepted beside those of the tokens table. `legacy_tester`
    names whose results the original's form posts are. `open_secrets` tells of files of secrets that
    everybody may read. `alerts` is what `alerts_file` says, read by `serve` alone: no other command
    depends on that file. Secrets stay out of the representation.
    """

    database_url: str = field(repr=False)
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    public_read: bool = False
    instance_id: UUID = field(default_factory=uuid4)
    admin_token: str | None = field(default=None, repr=False)
    reader_token: str | None = field(default=None, repr=False)
    legacy_tester: str | None = None
    max_body_bytes: int = 64 * MIB
    max_report_bytes: int = 256 * MIB
    max_probes: int = 10_000_000
    max_clock_offset_s: float = 2.0
    body_deadline_s: float = 120.0
    stop_deadline_s: int = 30
    report_threads: int = 4
    workers: int = 1
    statement_timeout_s: int = 120
    keep_events_s: float = 86_400.0
    export_deadline_s: float = 1800.0
    keep_raw_days: int = 0
    keep_hourly_days: int = 0
    keep_daily_days: int = 0
    keep_verdicts_days: int = 0
    metrics_max_age_s: float = 7_200.0
    alerts_file: str | None = None
    alerts: Rules | None = None
    verdict: Thresholds = DEFAULTS
    open_secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def keep(self) -> Keep:
        """Return for how long rows are kept; 0 days is for ever."""
        raw, hourly, daily, verdicts = (
            timedelta(days=days) if days else None
            for days in (
                self.keep_raw_days,
                self.keep_hourly_days,
                self.keep_daily_days,
                self.keep_verdicts_days,
            )
        )
        return Keep(raw=raw, hourly=hourly, daily=daily, verdicts=verdicts)

    @property
    def reading_is_open(self) -> bool:
        """Whether reading needs no token: the address bound decides, never the peer's."""
        return self.public_read or is_loopback(self.host)


def read_settings(
    environment: Mapping[str, str],
    *,
    database_url: str | None = None,
    host: str | None = None,
    port: int | None = None,
    public_read: bool | None = None,
    workers: int | None = None,
) -> Settings:
    """Return the settings of an environment; what the command line gave outranks it.

    Raises `ConfigurationError` for what cannot be read.
    """
    default = Settings(database_url="")
    keep_raw_days = _number(environment, "KEEP_RAW_DAYS", 0, least=0, most=MOST_DAYS)
    keep_hourly_days = _number(environment, "KEEP_HOURLY_DAYS", 0, least=0, most=MOST_DAYS)
    keep_daily_days = _number(environment, "KEEP_DAILY_DAYS", 0, least=0, most=MOST_DAYS)
    check_keep(keep_raw_days, keep_hourly_days, keep_daily_days)
    instance_id = _text(environment, "INSTANCE_ID")
    return Settings(
        database_url=_with_password(
            database_url or _secret(environment, "DATABASE_URL") or default_database_url(environment),
            _secret(environment, "DATABASE_PASSWORD"),
        ),
        host=host or _text(environment, "HOST") or default.host,
        port=_number(environment, "PORT", default.port, least=0, most=65_535) if port is None else port,
        public_read=_boolean(environment, "PUBLIC_READ") if public_read is None else public_read,
        instance_id=default.instance_id if instance_id is None else _uuid("INSTANCE_ID", instance_id),
        admin_token=_secret(environment, "ADMIN_TOKEN"),
        reader_token=_secret(environment, "READER_TOKEN"),
        legacy_tester=_text(environment, "LEGACY_TESTER"),
        max_body_bytes=_number(environment, "MAX_BODY_BYTES", default.max_body_bytes),
        max_report_bytes=_number(environment, "MAX_REPORT_BYTES", default.max_report_bytes),
        max_probes=_number(environment, "MAX_PROBES", default.max_probes, most=MOST_PROBES),
        max_clock_offset_s=float(
            _number(
                environment, "MAX_CLOCK_OFFSET_S", int(default.max_clock_offset_s), least=0, most=LONGEST_S
            )
        ),
        body_deadline_s=float(
            _number(environment, "BODY_DEADLINE_S", int(default.body_deadline_s), most=LONGEST_S)
        ),
        stop_deadline_s=_number(environment, "STOP_DEADLINE_S", default.stop_deadline_s, most=LONGEST_S),
        report_threads=_number(environment, "REPORT_THREADS", default.report_threads, most=256),
        workers=_number(environment, "WORKERS", default.workers, most=MOST_WORKERS)
        if workers is None
        else workers,
        statement_timeout_s=_number(
            environment, "STATEMENT_TIMEOUT_S", default.statement_timeout_s, most=86_400
        ),
        keep_events_s=float(
            _number(environment, "KEEP_EVENTS_S", int(default.keep_events_s), most=LONGEST_S)
        ),
        export_deadline_s=float(
            _number(environment, "EXPORT_DEADLINE_S", int(default.export_deadline_s), most=LONGEST_S)
        ),
        keep_raw_days=keep_raw_days,
        keep_hourly_days=keep_hourly_days,
        keep_daily_days=keep_daily_days,
        keep_verdicts_days=_number(environment, "KEEP_VERDICTS_DAYS", 0, least=0, most=MOST_DAYS),
        metrics_max_age_s=float(
            _number(environment, "METRICS_MAX_AGE_S", int(default.metrics_max_age_s), most=LONGEST_S)
        ),
        alerts_file=_text(environment, "ALERTS"),
        verdict=_thresholds(environment),
        open_secrets=_open_secrets(environment),
    )


def default_database_url(environment: Mapping[str, str]) -> str:
    """Return the URL of the SQLite file in the user's data directory."""
    data = environment.get("XDG_DATA_HOME", "")
    try:
        directory = Path(data) if Path(data).is_absolute() else Path.home() / ".local" / "share"
    except RuntimeError:
        # A numeric user of a container, without HOME.
        raise ConfigurationError(
            "this user has no home directory for the database", hint="name a file with --database-url"
        ) from None
    return f"sqlite:///{directory / 'orchestrate' / 'collector.sqlite3'}"


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches what is bound to `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _thresholds(environment: Mapping[str, str]) -> Thresholds:
    try:
        return read_thresholds(environment)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _with_password(database_url: str, password: str | None) -> str:
    """Return a URL with the password put in: so it can lie in a file, and the URL be read by anybody."""
    if password is None or not database_url.startswith(POSTGRES):
        return database_url
    scheme, _, rest = database_url.partition("://")
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if not at or ":" in user:
        raise ConfigurationError(
            f"{PREFIX}DATABASE_PASSWORD needs a URL with a user and without a password",
            hint="as in postgresql://collector@db.internal/latency",
        )
    return f"{scheme}://{user}:{quote(password, safe='')}@{host}{slash}{path}"


def check_keep(raw: int, hourly: int, daily: int) -> None:
    """Raise `ConfigurationError` unless what is coarser is kept at least as long."""
    for (finer, kept), (coarser, kept_longer) in pairwise(
        (("RAW", raw), ("HOURLY", hourly), ("DAILY", daily))
    ):
        if kept_longer and (not kept or kept > kept_longer):
            raise ConfigurationError(
                f"{PREFIX}KEEP_{finer}_DAYS is longer than {PREFIX}KEEP_{coarser}_DAYS",
                hint="what is coarser is kept at least as long; 0 is for ever",
            )


def _text(environment: Mapping[str, str], name: str) -> str | None:
    return environment.get(PREFIX + name, "").strip() or None


def _secret(environment: Mapping[str, str], name: str) -> str | None:
    path = environment.get(f"{PREFIX}{name}_FILE", "")
    given = _text(environment, name)
    if not path:
        return given
    variable = f"{PREFIX}{name}_FILE"
    if given is not None:
        raise ConfigurationError(f"{PREFIX}{name} and {variable} are both set", hint="keep one of them")
    return read_secret_file(path, variable=variable)


def _open_secrets(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence for each file of a secret that every user of this machine may read."""
    return tuple(
        open_secret(path, name=name)
        for name, path in sorted(environment.items())
        if name.startswith(PREFIX) and name.endswith("_FILE") and path and all_may_read(path)
    )


def _number(
    environment: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int = 2**40
) -> int:
    text = _text(environment, name)
    if text is None:
        return default
    if text.isascii() and text.isdecimal() and len(text) < 20 and least <= int(text) <= most:
        return int(text)
    raise ConfigurationError(f"{PREFIX}{name} must be a whole number from {least} to {most}, it is {text!r}")


def _boolean(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(PREFIX + name, "").strip().lower()
    if text in TRUE or text in FALSE:
        return text in TRUE
    raise ConfigurationError(f"{PREFIX}{name} must be true or false, it is {text!r}")


def _uuid(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ConfigurationError(f"{PREFIX}{name} must be a UUID, it is {text!r}") from None
