"""What the environment says of secrets and of the rails."""

from pathlib import Path

import pytest

from orchestrator.act.access import remote_access
from orchestrator.act.check_secrets import secret_cautions, secret_files
from orchestrator.errors import ConfigurationError
from orchestrator.fleet.model import Fleet
from orchestrator.fleet.rails import Rails
from orchestrator.settings import read_settings

HOME = {"HOME": "/home/somebody"}


def rails(**environment: str) -> Rails:
    return read_settings(HOME | environment).rails


def test_without_a_word_the_rails_are_the_safe_ones() -> None:
    assert rails() == Rails()
    assert rails(ORCHESTRATE_ALLOWED_DRIVERS="", ORCHESTRATE_MAX_TTL=" ") == Rails()


def test_lists_are_separated_by_commas_or_spaces_and_stand_instead_of_the_default() -> None:
    read = rails(
        ORCHESTRATE_ALLOWED_DRIVERS="google, digitalocean",
        ORCHESTRATE_ALLOWED_OPTIONS="google-* digitalocean-region",
        ORCHESTRATE_ALLOWED_TYPES="none",
        ORCHESTRATE_ALLOWED_IMAGES="ghcr.io/us/*",
    )

    assert read.drivers == ("google", "digitalocean")
    assert read.options == ("google-*", "digitalocean-region")
    assert read.types == ()
    assert read.images == ("ghcr.io/us/*",)


def test_limits_are_amounts_and_durations_or_none() -> None:
    read = rails(ORCHESTRATE_MAX_USD_PER_HOUR="0.25", ORCHESTRATE_MAX_TTL="90m")

    assert (read.max_usd_per_hour, read.max_ttl_s) == (0.25, 5_400.0)
    assert rails(ORCHESTRATE_MAX_USD_PER_HOUR="2 USD").max_usd_per_hour == 2.0
    assert rails(ORCHESTRATE_MAX_USD_PER_HOUR="none").max_usd_per_hour is None
    assert rails(ORCHESTRATE_MAX_TTL="none").max_ttl_s is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ORCHESTRATE_MAX_USD_PER_HOUR", "much"),
        ("ORCHESTRATE_MAX_USD_PER_HOUR", "-1"),
        ("ORCHESTRATE_MAX_USD_PER_HOUR", "nan"),
        ("ORCHESTRATE_MAX_TTL", "7200"),
        ("ORCHESTRATE_MAX_TTL", "for ever"),
    ],
)
def test_rubbish_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        rails(**{name: text})


def test_a_secret_file_that_is_missing_or_empty_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    fleet = Fleet.from_spec(
        {"name": "f", "collector": {"url": "http://127.0.0.1:1", "admin_token": {"file": "empty"}}},
        {},
        directory=str(tmp_path),
    )

    with pytest.raises(ConfigurationError) as missing:
        read_settings(HOME | {"ORCHESTRATE_READER_TOKEN_FILE": "/nonexistent/token"})
    with pytest.raises(ConfigurationError) as empty:
        remote_access(fleet, settings=read_settings(HOME), environment={})

    assert (missing.value.what, missing.value.cause) == (
        "the secret file /nonexistent/token cannot be read: No such file or directory",
        "ORCHESTRATE_READER_TOKEN_FILE names it",
    )
    assert (empty.value.what, empty.value.cause) == (
        f"the secret file {tmp_path}/empty is empty",
        "the fleet names it",
    )
    assert missing.value.next_step.startswith("write the secret into it")
    assert empty.value.next_step.startswith("write the secret into it")


def test_secret_files_that_all_may_read_are_told_where_their_secrets_are_used(tmp_path: Path) -> None:
    for name, mode in (("admin", 0o644), ("reader", 0o640), ("other", 0o604)):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)
    fleet = Fleet.from_spec(
        {"name": "f", "collector": {"admin_token": {"file": "other"}, "reader_token": {"file": "reader"}}},
        {},
        directory=str(tmp_path),
    )

    def told(**environment: str) -> list[str]:
        files = secret_files(fleet, settings=read_settings(HOME | environment), environment=environment)
        return [caution.next_step for caution in secret_cautions(files)]

    assert told() == [f"chmod 600 {tmp_path}/other"]
    # The fleet's own file is not used any more.
    assert told(ORCHESTRATE_ADMIN_TOKEN_FILE=f"{tmp_path}/admin") == [f"chmod 600 {tmp_path}/admin"]
    assert told(ORCHESTRATE_ADMIN_TOKEN="x") == []
