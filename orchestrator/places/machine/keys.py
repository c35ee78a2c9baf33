"""Keys of an AWS account, and the file by which docker-machine gets them."""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.errors import ConfigurationError

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


def keys_in_options(options: Mapping[str, Any]) -> Keys | None:
    """Return the keys in a tester's options, None without any; raise `ConfigurationError` for half."""
    access, secret, token = (str(options.get(name) or "") for name in AMAZON_OPTIONS)
    if not access and not secret:
        return None
    if not access or not secret:
        raise ConfigurationError(
            "only one of `amazonec2-access-key` and `amazonec2-secret-key` is given",
            next_step="give both, or none and let the environment say them",
        )
    return Keys(access_key=access, secret_key=secret, session_token=token, source="options")


def keys_of_user(environment: Mapping[str, str]) -> Keys | None:
    """Return the keys that the environment holds or that its profile has, None without any.

    Raise `ConfigurationError` for a profile that is named and has none.
    """
    access, secret, token = (environment.get(name, "") for name in AMAZON_VARIABLES)
    if access and secret:
        return Keys(access_key=access, secret_key=secret, session_token=token, source="environment")
    wanted = environment.get("AWS_PROFILE")
    given = environment.get("AWS_SHARED_CREDENTIALS_FILE")
    path = Path(given).expanduser() if given else Path(environment.get("HOME", "")) / ".aws" / "credentials"
    if (keys := keys_in_file(path, profile=wanted or "default")) is not None:
        return keys
    if wanted:
        raise ConfigurationError(
            f"AWS profile {wanted!r} has no keys in {path}",
            cause="without the extra `aws` no sign-on and no role can be used",
            next_step='pip install "orchestrate-latency[aws]", or '
            f'eval "$(aws configure export-credentials --profile {wanted} --format env)"',
        )
    return None


def keys_in_file(path: Path, *, profile: str) -> Keys | None:
    """Return the keys that a credentials file has for a profile, None without any."""
    # Values may hold a `%`, which the parser would take for its own.
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return None
    if not parser.has_section(profile):
        return None
    access, secret, token = (parser.get(profile, name, fallback="").strip() for name in AMAZON_FIELDS)
    if not access or not secret:
        return None
    return Keys(access_key=access, secret_key=secret, session_token=token, source=f"profile {profile}")


def credentials_file(keys: Keys) -> bytes:
    """Return a credentials file whose default profile has these keys."""
    values = (keys.access_key, keys.secret_key, keys.session_token)
    if any("\n" in value or "\r" in value for value in values):
        raise ConfigurationError("an AWS key has a line break in it", next_step="mend the key")
    lines = [f"{name} = {value}" for name, value in zip(AMAZON_FIELDS, values, strict=True) if value]
    return "\n".join(["[default]", *lines, ""]).encode()
