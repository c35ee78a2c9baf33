import stat
from pathlib import Path

import pytest

from orchestrator.errors import ConfigurationError
from orchestrator.places.machine.docker_machine import flags_of
from orchestrator.places.machine.environment import MachineEnvironment
from tests.orchestrator.places.machine.a_machine import HELP

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env%secret", "AWS_SESSION_TOKEN": "t"}
OPTIONS = {"amazonec2-access-key": "AKIAOPT", "amazonec2-secret-key": "opt-secret"}
CREDENTIALS = "AWS_SHARED_CREDENTIALS_FILE"


def of(tmp_path: Path, **environment: str) -> MachineEnvironment:
    return MachineEnvironment(
        {"HOME": str(tmp_path)} | environment, store=tmp_path / "store", keys=tmp_path / "aws"
    )


def test_only_what_is_listed_passes(tmp_path: Path) -> None:
    noise = {
        "AWS_AMI": "x", "AWS_SUBNET_ID": "x", "DOCKER_HOST": "x", "REQUESTS_CA_BUNDLE": "x",
        "MACHINE_DEBUG": "1", "ORCHESTRATE_ADMIN_TOKEN": "x", "MACHINE_STORAGE_PATH": "x",
        "PYTHONPATH": "x",
    }  # fmt: skip
    wanted = {"PATH": "/bin", "https_proxy": "p", "NO_PROXY": "n", "SSL_CERT_FILE": "c", "USER": "u"}
    assert of(tmp_path, **noise, **wanted).plain() == wanted | {
        "HOME": str(tmp_path),
        "MACHINE_STORAGE_PATH": str(tmp_path / "store"),
        "MACHINE_BUGSNAG_API_TOKEN": "no-report",
    }


def test_a_driver_gets_its_own_secrets_and_nobody_elses(tmp_path: Path) -> None:
    environment = of(tmp_path, TOLD_TOKEN="hush", OTHER_TOKEN="x", **KEYS)
    given = environment.for_driver("told", flags=flags_of(HELP))
    assert given["TOLD_TOKEN"] == "hush"
    assert "OTHER_TOKEN" not in given
    assert "AWS_SECRET_ACCESS_KEY" not in given
    google = of(tmp_path, GOOGLE_APPLICATION_CREDENTIALS="/key.json").for_driver("google", flags={})
    assert google["GOOGLE_APPLICATION_CREDENTIALS"] == "/key.json"


def test_aws_keys_of_the_environment_reach_it_by_a_file_that_only_we_read(tmp_path: Path) -> None:
    given = of(tmp_path, **KEYS).for_amazon("h", options={})
    path = Path(given[CREDENTIALS])
    assert path.read_text() == (
        "[default]\naws_access_key_id = AKIAENV\naws_secret_access_key = env%secret\naws_session_token = t\n"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not KEYS.keys() & given.keys()


def test_the_file_is_written_anew_before_each_call(tmp_path: Path) -> None:
    of(tmp_path, **KEYS).for_amazon("h", options={})
    renewed = of(tmp_path, **(KEYS | {"AWS_ACCESS_KEY_ID": "AKIANEW"}))
    assert "AKIANEW" in Path(renewed.for_amazon("h", options=None)[CREDENTIALS]).read_text()


def test_keys_in_options_serve_that_host_alone_until_it_is_removed(tmp_path: Path) -> None:
    environment = of(tmp_path, **KEYS)
    path = Path(environment.for_amazon("own", options=OPTIONS)[CREDENTIALS])
    other = Path(environment.for_amazon("other", options={})[CREDENTIALS])
    assert "opt-secret" in path.read_text()
    assert "AKIAENV" in other.read_text()
    # Its removal knows no options any more. Another account's keys would find nothing there.
    assert environment.for_amazon("own", options=None)[CREDENTIALS] == str(path)
    environment.forget_keys("own")
    assert not path.exists()


def test_keys_come_from_the_users_profile_where_the_environment_has_none(tmp_path: Path) -> None:
    own = tmp_path / ".aws" / "credentials"
    own.parent.mkdir()
    own.write_text(
        "[default]\naws_access_key_id = AKIAD\naws_secret_access_key = d%d\n"
        "[work]\naws_access_key_id=AKIAW\naws_secret_access_key=w\naws_session_token=s=\n"
    )
    assert "AKIAD" in Path(of(tmp_path).for_amazon("h", options={})[CREDENTIALS]).read_text()
    work = of(tmp_path, AWS_PROFILE="work").for_amazon("h", options={})
    assert "aws_session_token = s=\n" in Path(work[CREDENTIALS]).read_text()
    assert "AWS_PROFILE" not in work
    with pytest.raises(ConfigurationError, match="profile 'sso' has no keys"):
        of(tmp_path, AWS_PROFILE="sso").for_amazon("h", options={})


def test_without_any_keys_nothing_is_passed(tmp_path: Path) -> None:
    assert CREDENTIALS not in of(tmp_path).for_amazon("h", options={})
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("rubbish")
    assert CREDENTIALS not in of(tmp_path).for_amazon("h", options={})


@pytest.mark.parametrize(
    "options",
    [{"amazonec2-access-key": "AKIA"}, {"amazonec2-secret-key": "hush"}],
    ids=["no-secret", "no-id"],
)
def test_half_a_pair_of_keys_is_refused(tmp_path: Path, options: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="only one of"):
        of(tmp_path, **KEYS).for_amazon("h", options=options)


def test_no_key_can_add_a_line_to_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="line break"):
        of(tmp_path).for_amazon("h", options=OPTIONS | {"amazonec2-secret-key": "a\n[x]"})
