import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from collector.cli import cli
from collector.errors import CollectorError, ConfigurationError
from collector.settings import read_settings
from tests.collector.a_collector import Collector, basic
from tests.collector.newest import NEWEST


def run(*arguments: str, environment: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(cli, list(arguments), obj=environment or {}, catch_exceptions=True)


def test_a_token_is_issued_listed_and_revoked(collector: Collector) -> None:
    place = ("--database-url", collector.database_url)
    issued = run("token", "issue", "--role", "reader", *place)
    token = issued.stdout.strip()
    headers = basic("reader", token)

    assert collector.client.get("/api/v1/fleets", headers=headers).status_code == 200
    assert run("token", "list", *place).stdout.splitlines()[1].split()[:2] == ["1", "reader"]
    assert run("token", "revoke", "1", *place).stdout == "token 1 is revoked\n"
    assert collector.client.get("/api/v1/fleets", headers=headers).status_code == 401
    assert token not in run("token", "list", *place).stdout
    unknown = run("token", "revoke", "99", *place).exception
    assert isinstance(unknown, CollectorError)
    assert str(unknown) == "there is no token 99; see `collector token list`"


def test_testers_are_exported_as_a_fleet_file(collector: Collector) -> None:
    exported = run("testers", "export", "--database-url", collector.database_url)

    head, _, *body = exported.stdout.splitlines()
    assert head.startswith(f'# Fleet "edge" ({collector.fleet_id}), from the testers table at ')
    assert json.loads("\n".join(body)) == {
        "version": 1,
        "name": "edge",
        "testers": [{"name": "oslo", "driver": "local"}],
        "servers": [],
    }


def test_the_export_of_any_text_is_read_back_as_it_was(collector: Collector) -> None:
    text = "\x7f\x80\x85\u2028\u2029\ufeff\uffff\t\U0001f600 \u202e <b> ${HOME} $$ $"
    answer = collector.client.put(
        f"/api/v1/testers/{collector.tester_id}",
        json={
            "fleet_id": str(collector.fleet_id),
            "name": "oslo",
            "config": {"driver": "local", "x": [text]},
        },
        headers=collector.admin,
    )
    exported = run("testers", "export", "--database-url", collector.database_url)

    assert answer.status_code == 200
    [tester] = yaml.safe_load(exported.stdout)["testers"]
    assert tester["x"] == [text.replace("$", "$$")]


def test_a_revision_that_is_not_there_is_a_usage_error(database_url: str) -> None:
    failed = run("migrate", "--to", "9", "--database-url", database_url).exception

    assert isinstance(failed, ConfigurationError)
    assert str(failed) == f"there is no revision '9' to go to; the newest is {NEWEST}"


def test_a_host_that_is_no_name_is_a_usage_error(sqlite_url: str) -> None:
    failed = run("serve", "--host", "x" * 64, "--port", "0", "--database-url", sqlite_url).exception

    assert isinstance(failed, ConfigurationError)
    assert str(failed) == f"{'x' * 64} is not an address of this machine; choose one with --host"


def test_a_database_without_a_fleet_has_nothing_to_export(sqlite_url: str) -> None:
    failed = run("testers", "export", "--database-url", sqlite_url).exception

    assert isinstance(failed, ConfigurationError)
    assert str(failed) == "the database holds no fleet; register one with `orchestrate up`"


def test_migrate_says_the_revision(empty_database_url: str) -> None:
    assert (
        run("migrate", "--database-url", empty_database_url).stdout
        == f"the database is at revision {NEWEST}\n"
    )
    down = run("migrate", "--to", "base", "--database-url", empty_database_url)
    assert down.stdout == "the database is at revision base (no tables)\n"


def test_help_names_every_command() -> None:
    text = run("--help").stdout

    assert all(name in text for name in ("serve", "migrate", "token", "testers"))


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"COLLECTOR_PORT": "x"}, "COLLECTOR_PORT must be a whole number from 0 to 65535, it is 'x'"),
        ({"COLLECTOR_PUBLIC_READ": "maybe"}, "COLLECTOR_PUBLIC_READ must be true or false, it is 'maybe'"),
        ({"COLLECTOR_INSTANCE_ID": "me"}, "COLLECTOR_INSTANCE_ID must be a UUID, it is 'me'"),
        (
            {"COLLECTOR_ADMIN_TOKEN_FILE": "/dev/null/token"},
            (
                "COLLECTOR_ADMIN_TOKEN_FILE: /dev/null/token cannot be read: Not a directory; name a file"
                " that holds the secret and that this user may read"
            ),
        ),
        (
            {"COLLECTOR_ADMIN_TOKEN_FILE": "/dev/null"},
            "COLLECTOR_ADMIN_TOKEN_FILE: /dev/null is empty; write the secret into it, on one line",
        ),
        (
            {"COLLECTOR_MAX_CLOCK_OFFSET_S": "1000000000000"},
            "COLLECTOR_MAX_CLOCK_OFFSET_S must be a whole number from 0 to 1000000000, it is '1000000000000'",
        ),
        (
            {"COLLECTOR_ADMIN_TOKEN_FILE": "/dev/null", "COLLECTOR_ADMIN_TOKEN": "a"},
            "COLLECTOR_ADMIN_TOKEN and COLLECTOR_ADMIN_TOKEN_FILE are both set; keep one of them",
        ),
    ],
)
def test_a_bad_setting_is_a_usage_error(environment: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_settings(environment)

    assert (str(refused.value), refused.value.exit_code) == (message, 2)


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")

    settings = read_settings({"COLLECTOR_ADMIN_TOKEN_FILE": str(tmp_path / "token")})

    assert settings.admin_token == "secret"
    assert "secret" not in repr(settings)


def test_a_secret_that_all_may_read_is_told_and_taken(tmp_path: Path, sqlite_url: str) -> None:
    token = tmp_path / "token"
    token.write_text("secret\n")
    environment = {"COLLECTOR_ADMIN_TOKEN_FILE": str(token)}

    token.chmod(0o640)
    kept = run("token", "list", "--database-url", sqlite_url, environment=environment)
    token.chmod(0o644)
    told = run("token", "list", "--database-url", sqlite_url, environment=environment)

    assert (kept.exit_code, kept.stderr) == (0, "")
    assert (told.exit_code, told.stderr) == (
        0,
        (
            f"collector: warning: every user of this machine may read {token},"
            f" which COLLECTOR_ADMIN_TOKEN_FILE names: chmod 600 {token}\n"
        ),
    )


@pytest.mark.parametrize("url", ["mysql://h/d", "rubbish", "sqlite://", "postgres+x"])
def test_a_database_of_another_kind_is_a_usage_error(url: str) -> None:
    failed = run("migrate", "--database-url", url).exception

    assert isinstance(failed, ConfigurationError)
    assert str(failed) == (
        "the database URL is not one of ours; use sqlite:////absolute/path or postgresql://user@host/name"
    )


def test_a_database_that_is_away_is_told_in_one_line() -> None:
    failed = run("migrate", "--database-url", "postgresql://nobody@127.0.0.1:1/none").exception

    assert isinstance(failed, CollectorError)
    assert str(failed).startswith("the database does not answer: ")
    assert "\n" not in str(failed)


def test_a_directory_that_cannot_be_made_is_a_usage_error() -> None:
    failed = run("migrate", "--database-url", "sqlite:////dev/null/c.sqlite3").exception

    assert isinstance(failed, ConfigurationError)
    assert str(failed) == (
        "the directory /dev/null cannot be made: File exists; name another file with --database-url"
    )
