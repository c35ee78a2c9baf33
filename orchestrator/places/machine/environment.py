"""The environment that docker-machine runs in: scrubbed, with secrets where no command line shows them."""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.errors import ConfigurationError
from orchestrator.places.files import write_whole
from orchestrator.places.machine.docker_machine import Flag, looks_secret

AMAZON = "amazonec2"

PASSED = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXIES = tuple(
    name for word in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (word, word.upper())
)
DRIVER_PASSED = {"google": ("GOOGLE_APPLICATION_CREDENTIALS",)}
"""What a driver reads that is no flag of it: files of credentials, by their path."""

SHARED = "credentials"
"""The file of the keys that all hosts share."""

AMAZON_OPTIONS = ("amazonec2-access-key", "amazonec2-secret-key", "amazonec2-session-token")
AMAZON_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
AMAZON_FIELDS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """Keys of an AWS account, and where they came from: options, environment, or profile."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    source: str


class MachineEnvironment:
    """Makes the environment of every call of docker-machine.

    Nothing of ours passes but what stands in the lists above: drivers read dozens of variables
    silently, and one exported AWS_SUBNET_ID breaks every other region.
    """

    def __init__(self, environment: Mapping[str, str], *, store: Path, keys: Path) -> None:
        self._environment = environment
        self._store = store
        self._keys = keys

    def plain(self, *, store: Path | None = None) -> dict[str, str]:
        """Return what every call gets, for another store if one is given."""
        passed = {name: self._environment[name] for name in (*PASSED, *PROXIES) if name in self._environment}
        return passed | {
            "MACHINE_STORAGE_PATH": str(store or self._store),
            # Without it, the log of a failed create goes to a crash reporter.
            "MACHINE_BUGSNAG_API_TOKEN": "no-report",
        }

    def for_driver(self, driver: str, *, flags: Mapping[str, Flag]) -> dict[str, str]:
        """Return what a call of this driver gets: its secrets come from our own environment."""
        names = set(DRIVER_PASSED.get(driver, ()))
        if driver != AMAZON:
            names |= {flag.variable for flag in flags.values() if flag.variable and looks_secret(flag.name)}
        found = {name: self._environment[name] for name in names if name in self._environment}
        return self.plain() | found

    def for_amazon(self, host_name: str, *, options: Mapping[str, Any] | None) -> dict[str, str]:
        """Return what an amazonec2 call gets, after its file of keys was written anew.

        `options` None: those of the create are kept, if it had keys in its options. Raise
        `ConfigurationError` for keys that are asked for and not there.
        """
        path = self.keys_file(host_name)
        environment = self.plain()
        keys = None if options is None else _keys_in(options)
        if keys is None and options is None and path.exists():
            # Another account's keys would find nothing, and docker-machine would take that for gone.
            return environment | {"AWS_SHARED_CREDENTIALS_FILE": str(path)}
        keys = keys or self._keys_of_user()
        if keys is None:
            # An instance role may serve.
            return environment
        if keys.source != "options":
            path = self._keys / SHARED
        self._keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, _credentials_file(keys))
        return environment | {"AWS_SHARED_CREDENTIALS_FILE": str(path)}

    def check_keys(self, options: Mapping[str, Any]) -> None:
        """Raise `ConfigurationError` for AWS keys that are asked for and not there, or not whole."""
        if _keys_in(options) is None:
            self._keys_of_user()

    def keys_file(self, host_name: str) -> Path:
        """Return the file that holds the keys of one host's own options."""
        return self._keys / f"{host_name}.credentials"

    def forget_keys(self, host_name: str) -> None:
        """Delete the keys of a host that is gone."""
        self.keys_file(host_name).unlink(missing_ok=True)

    def _keys_of_user(self) -> Keys | None:
        access, secret, token = (self._environment.get(name, "") for name in AMAZON_VARIABLES)
        if access and secret:
            return Keys(access_key=access, secret_key=secret, session_token=token, source="environment")
        return self._keys_in_profile()

    def _keys_in_profile(self) -> Keys | None:
        wanted = self._environment.get("AWS_PROFILE")
        home = self._environment.get("HOME", "")
        given = self._environment.get("AWS_SHARED_CREDENTIALS_FILE")
        path = Path(given).expanduser() if given else Path(home) / ".aws" / "credentials"
        # Values may hold a `%`, which the parser would take for its own.
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, configparser.Error):
            parser.clear()
        profile = wanted or "default"
        if parser.has_section(profile):
            access, secret, token = (parser.get(profile, name, fallback="").strip() for name in AMAZON_FIELDS)
            if access and secret:
                return Keys(
                    access_key=access, secret_key=secret, session_token=token, source=f"profile {profile}"
                )
        if wanted:
            raise ConfigurationError(
                f"AWS profile {wanted!r} has no keys in {path}",
                cause="docker-machine can use an access key and a secret key only, no sign-on and no role",
                next_step=f'eval "$(aws configure export-credentials --profile {wanted} --format env)"',
            )
        return None


def _keys_in(options: Mapping[str, Any]) -> Keys | None:
    access, secret, token = (str(options.get(name) or "") for name in AMAZON_OPTIONS)
    if not access and not secret:
        return None
    if not access or not secret:
        raise ConfigurationError(
            "only one of `amazonec2-access-key` and `amazonec2-secret-key` is given",
            next_step="give both, or none and let the environment say them",
        )
    return Keys(access_key=access, secret_key=secret, session_token=token, source="options")


def _credentials_file(keys: Keys) -> bytes:
    values = (keys.access_key, keys.secret_key, keys.session_token)
    if any("\n" in value or "\r" in value for value in values):
        raise ConfigurationError("an AWS key has a line break in it", next_step="mend the key")
    lines = [f"{name} = {value}" for name, value in zip(AMAZON_FIELDS, values, strict=True) if value]
    return "\n".join(["[default]", *lines, ""]).encode()
