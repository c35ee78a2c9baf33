"""What a fleet from the testers table is refused."""

from typing import Any

import pytest

from orchestrator.errors import ConfigurationError
from orchestrator.fleet.model import Fleet, Tester
from orchestrator.fleet.rails import Rails, check_rails, is_from_table, is_user_data, refusals_of_table
from orchestrator.fleet.roster import spec_in_table

URL = "http://127.0.0.1:9090"
SOURCE = f"testers table at {URL}"
USER_DATA = (
    "aliyunecs-user-data", "amazonec2-userdata", "azure-custom-data", "digitalocean-userdata",
    "exoscale-userdata", "google-userdata", "harvester-cloud-config", "hetzner-user-data",
    "hetzner-user-data-file", "linode-stackscript", "nutanix-cloud-init", "openstack-user-data-file",
    "upcloud-userdata", "vmwarevsphere-cloud-init", "vmwarevsphere-cfgparam", "vultr-startup-script-id",
    "vultr-cloud-init-user-data", "--amazonec2-userdata", "AMAZONEC2_USERDATA", "engine-install-url",
)  # fmt: skip
OPEN = Rails(
    drivers=("*",), options=("*",), types=("*",), images=("*",), max_usd_per_hour=None, max_ttl_s=None
)


def from_table(*rows: dict[str, Any], environment: dict[str, str] | None = None, **spec: Any) -> Fleet:
    known = {"servers": [{"name": "s", "host": "127.0.0.1"}]} | spec
    made = [
        {"location": None, "vps_provider": None, "config": {}, "retired_at": None, "created_at": "2026"} | row
        for row in rows
    ]
    read = spec_in_table({"name": "edge", "spec": known}, made, source=SOURCE)
    return Fleet.from_spec(read, environment or {}, source=SOURCE)


def ec2(name: str = "a", **options: Any) -> dict[str, Any]:
    return {"name": name, "config": {"driver": "amazonec2", "options": options}}


def cents(_tester: Tester) -> float:
    return 0.02


def refused(fleet: Fleet, rails: Rails | None = None, price_of: Any = cents) -> list[str]:
    return refusals_of_table(fleet, rails or Rails(), price_of=price_of)


def test_original_rows_deploy_with_the_defaults() -> None:
    fleet = from_table(
        {"name": "a", "vps_provider": "aws", "location": "eu-west-1"},
        {"name": "b", "vps_provider": "aws", "location": "us-east-1"},
    )

    assert refused(fleet) == []
    assert check_rails(fleet, Rails(), price_of=cents) == (
        "drivers amazonec2, local; at most 1 USD per hour, ttl 6h"
    )


def test_a_fleet_from_a_file_has_no_rails() -> None:
    fleet = Fleet(name="mine", testers=(Tester(name="a", driver="generic"),))

    assert not is_from_table(fleet)
    check_rails(fleet, Rails(), price_of=cents)


def test_every_row_beyond_the_rails_is_named() -> None:
    fleet = from_table(
        {"name": "a", "config": {"driver": "docker", "options": {"docker-host": "ssh://root@bank"}}},
        {"name": "b", "vps_provider": "digitalocean", "location": "fra1"},
        ec2("c", **{"amazonec2-ami": "ami-1", "amazonec2-instance-type": "p5.48xlarge"}),
        ec2("d", **{"amazonec2-instance-type": "t3.micro"}),
    )

    drivers = "is not in ORCHESTRATE_ALLOWED_DRIVERS (amazonec2, local)"
    lines = refused(fleet)

    assert lines[:2] == [
        f"tester `a`: driver `docker` {drivers}",
        f"tester `b`: driver `digitalocean` {drivers}",
    ]
    assert lines[2].startswith("tester `c`: option `amazonec2-ami` is not in ORCHESTRATE_ALLOWED_OPTIONS (")
    assert lines[3].startswith("tester `c`: type `p5.48xlarge` is not in ORCHESTRATE_ALLOWED_TYPES (")
    assert len(lines) == 4
    with pytest.raises(ConfigurationError) as caught:
        check_rails(fleet, Rails(), price_of=cents)
    assert caught.value.what == "\n".join(lines)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("option", USER_DATA)
def test_user_data_is_refused_whatever_is_allowed(option: str) -> None:
    assert is_user_data(option)
    assert refused(from_table(ec2(**{option: "x"})), OPEN) == [
        f"tester `a`: option `{option}` is user data: the table must not bring a program"
    ]


@pytest.mark.parametrize(
    "option", ["amazonec2-region", "amazonec2-metadata-token", "digitalocean-size", "google-zone"]
)
def test_other_options_are_no_user_data(option: str) -> None:
    assert not is_user_data(option)
    assert refused(from_table(ec2(**{option: "x"})), OPEN) == []


def test_a_pattern_allows_a_drivers_options_and_their_types() -> None:
    rails = Rails(drivers=("digitalocean",), options=("digitalocean-*",), types=("s-1vcpu-*",))
    small, big = (
        from_table(
            {"name": "a", "config": {"driver": "digitalocean", "options": {"digitalocean-size": size}}}
        )
        for size in ("s-1vcpu-1gb", "s-8vcpu-16gb")
    )

    assert refused(small, rails) == []
    assert refused(big, rails) == [
        "tester `a`: type `s-8vcpu-16gb` is not in ORCHESTRATE_ALLOWED_TYPES (s-1vcpu-*)"
    ]


def test_the_prices_of_all_rows_together_stay_below_the_limit() -> None:
    rows = [{"name": name, "vps_provider": "aws", "location": "eu-west-1"} for name in "abc"]

    assert refused(from_table(*rows), Rails(max_usd_per_hour=0.06)) == []
    assert refused(from_table(*rows), Rails(max_usd_per_hour=0.05)) == [
        (
            "tester `c`: with its 0.02 USD the fleet costs 0.06 USD per hour, "
            "ORCHESTRATE_MAX_USD_PER_HOUR allows 0.05 USD in all"
        )
    ]


def test_an_unknown_price_is_refused_under_a_limit_alone() -> None:
    fleet = from_table(
        {"name": "a", "vps_provider": "aws", "location": "eu-west-1"},
        {"name": "b", "config": {"driver": "local"}},
    )

    assert refused(fleet, price_of=lambda _: None) == [
        "tester `a`: nobody knows what its host costs, and ORCHESTRATE_MAX_USD_PER_HOUR allows 1 USD in all"
    ]
    assert refused(fleet, Rails(max_usd_per_hour=None), price_of=lambda _: None) == []


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"ttl": "7h"}, "`limits.ttl` is 7h, ORCHESTRATE_MAX_TTL allows 6h"),
        (
            {"deadline": "6h"},
            "`limits.deadline` is 6h, and hosts live 30m longer; ORCHESTRATE_MAX_TTL allows 6h",
        ),
    ],
)
def test_the_table_does_not_lengthen_the_life_of_a_host(limits: dict[str, str], words: str) -> None:
    row = {"name": "a", "vps_provider": "aws", "location": "eu-west-1"}

    assert refused(from_table(row, limits=limits)) == [f"fleet `edge`: {words}"]
    assert refused(from_table({"name": "a", "config": {"driver": "local"}}, limits=limits)) == []


@pytest.mark.parametrize(
    "image", [{"pull": "evil"}, {"build": "evil"}, {"load": "evil"}, {"args": {"BASE": "evil"}}]
)
def test_the_table_chooses_no_image(image: dict[str, Any]) -> None:
    fleet = from_table({"name": "a", "config": {"driver": "local"}}, image=image)

    assert refused(fleet) == ["fleet `edge`: image `evil` is not in ORCHESTRATE_ALLOWED_IMAGES"]
    assert refused(fleet, Rails(images=("ev*",))) == []


def test_our_own_image_streamed_is_nobodys_choice() -> None:
    assert refused(from_table({"name": "a", "config": {"driver": "local"}}, image={"load": True})) == []


def test_reports_and_tokens_go_to_the_tables_own_collector() -> None:
    row = {"name": "a", "config": {"driver": "local"}}

    assert refused(from_table(row, collector={"url": f"{URL}/"})) == []
    assert refused(from_table(row, collector={"url": "http://evil.example"})) == [
        f"fleet `edge`: `collector.url` is another collector than the table's: {URL}"
    ]


def test_a_value_out_of_the_environment_is_not_repeated() -> None:
    row = ec2(**{"amazonec2-instance-type": "${SECRET}"})

    [line] = refused(from_table(row, environment={"SECRET": "hunter2"}))

    assert line.startswith("tester `a`: type `${SECRET}` is not in")
