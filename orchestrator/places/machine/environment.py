"""The environment that docker-machine runs in: scrubbed, with secrets where no command line shows them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from orchestrator.places.files import write_whole
from orchestrator.places.machine.docker_machine import Flag, looks_secret
from orchestrator.places.machine.keys import (
    Keys,
    credentials_file,
    keys_in_file,
    keys_in_options,
    keys_of_user,
)

AMAZON = "amazonec2"

PASSED = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXIES = tuple(
    name for word in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (word, word.upper())
)
DRIVER_PASSED = {"google": ("GOOGLE_APPLICATION_CREDENTIALS",)}
"""What a driver reads that is no flag of it: files of credentials, by their path."""

SHARED = "credentials"
"""The file of the keys that all hosts share."""


UserKeys = Callable[[Mapping[str, str]], Keys | None]
"""Finds the keys of whoever runs us, in an environment; raises `ConfigurationError`."""


class MachineEnvironment:
    """Makes the environment of every call of docker-machine.

    Nothing of ours passes but what stands in the lists above: drivers read dozens of variables
    silently, and one exported AWS_SUBNET_ID breaks every other region.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        store: Path,
        keys: Path,
        user_keys: UserKeys = keys_of_user,
    ) -> None:
        self._environment = environment
        self._store = store
        self._keys = keys
        self._user_keys = user_keys

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
        keys = None if options is None else keys_in_options(options)
        if keys is None and options is None and path.exists():
            # Another account's keys would find nothing, and docker-machine would take that for gone.
            return environment | {"AWS_SHARED_CREDENTIALS_FILE": str(path)}
        keys = keys or self._user_keys(self._environment)
        if keys is None:
            # An instance role may serve.
            return environment
        if keys.source != "options":
            path = self._keys / SHARED
        self._keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, credentials_file(keys))
        return environment | {"AWS_SHARED_CREDENTIALS_FILE": str(path)}

    def check_keys(self, options: Mapping[str, Any], *, of_user: bool) -> None:
        """Raise `ConfigurationError` for AWS keys that are asked for and not there, or not whole.

        `of_user` False looks at those in the options alone.
        """
        if keys_in_options(options) is None and of_user:
            self._user_keys(self._environment)

    def kept_keys(self, host_name: str) -> Keys | None:
        """Return the keys of a host's own options, None where it has none."""
        return keys_in_file(self.keys_file(host_name), profile="default")

    def keys_file(self, host_name: str) -> Path:
        """Return the file that holds the keys of one host's own options."""
        return self._keys / f"{host_name}.credentials"

    def forget_keys(self, host_name: str) -> None:
        """Delete the keys of a host that is gone."""
        self.keys_file(host_name).unlink(missing_ok=True)
