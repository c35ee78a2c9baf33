"""What the environment says of the rails."""

import pytest

from orchestrator.errors import ConfigurationError
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
