"""What containers run beside `serve`: secrets that are made once, and a look at readiness."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from collector.cli import cli
from collector.errors import CollectorError, ConfigurationError
from collector.settings import read_settings
from tests.collector.a_collector import Collector, basic
from tests.collector.conftest import serving_settings

NAMES = (
    *("database_password", "admin_token", "reader_token"),
    *("grafana_password", "grafana_database_password"),
)


def run(*arguments: str, environment: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(cli, list(arguments), obj=environment or {}, catch_exceptions=True)


def test_secrets_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    made = run("secrets", str(tmp_path / "secrets"))
    first = {name: (tmp_path / "secrets" / name).read_text() for name in NAMES}
    again = run("secrets", str(tmp_path / "secrets"))

    assert made.stdout.splitlines() == [f"{name}: made" for name in NAMES]
    assert again.stdout.splitlines() == [f"{name}: there already" for name in NAMES]
    assert {name: (tmp_path / "secrets" / name).read_text() for name in NAMES} == first
    assert len({*first.values()}) == len(NAMES)
    assert all(len(secret.strip()) >= 43 for secret in first.values())
    assert {stat.S_IMODE((tmp_path / "secrets" / name).stat().st_mode) for name in NAMES} == {0o400}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert sorted(path.name for path in (tmp_path / "secrets").iterdir()) == sorted(NAMES)
    assert not [secret for secret in first.values() if secret.strip() in made.output]


def test_an_empty_secret_is_made(tmp_path: Path) -> None:
    (tmp_path / "admin_token").touch()

    run("secrets", str(tmp_path))

    assert (tmp_path / "admin_token").read_text().strip()


def test_secrets_that_cannot_be_written_are_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    failed = run("secrets", str(tmp_path / "file")).exception

    assert isinstance(failed, CollectorError)
    assert "cannot be written" in str(failed)


def test_a_password_from_a_file_is_put_into_the_url_and_into_no_representation(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("p@ss/w:rd\n")

    settings = read_settings(
        {
            "COLLECTOR_DATABASE_URL": "postgresql://collector@db/latency",
            "COLLECTOR_DATABASE_PASSWORD_FILE": str(path),
        }
    )

    assert settings.database_url == "postgresql://collector:p%40ss%2Fw%3Ard@db/latency"
    assert "p%40ss" not in repr(settings)


@pytest.mark.parametrize("url", ["postgresql://db/latency", "postgresql://me:secret@db/latency"])
def test_a_password_needs_a_url_with_a_user_and_without_a_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="needs a URL with a user and without a password"):
        read_settings({"COLLECTOR_DATABASE_URL": url, "COLLECTOR_DATABASE_PASSWORD": "x"})


def test_a_reader_token_of_the_environment_reads_and_does_nothing_else(collector: Collector) -> None:
    token = "a-reader-token-of-the-environment"
    with serving_settings(collector, host="0.0.0.0", reader_token=token) as client:
        reader = basic("reader", token)

        assert client.get("/api/v1/fleets", headers=reader).status_code == 200
        assert client.get("/api/v1/fleets", headers=basic("admin", token)).status_code == 401
        assert client.get("/api/v1/fleets").status_code == 401
        put = client.put(f"/api/v1/fleets/{collector.fleet_id}", json={"name": "edge"}, headers=reader)
        assert put.status_code == 403


def test_ready_says_why_a_collector_is_not() -> None:
    failed = run("ready", environment={"COLLECTOR_PORT": "1"}).exception

    assert isinstance(failed, CollectorError)
    assert str(failed).startswith("no collector answers at 127.0.0.1 port 1")


def test_a_look_at_readiness_loads_nothing_of_databases() -> None:
    # It is taken every few seconds for as long as a container lives.
    said = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "collector", "ready"],
        env={"COLLECTOR_PORT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    loaded = {line.rsplit("|", 1)[-1].strip().partition(".")[0] for line in said.stderr.splitlines()}
    assert said.returncode == 1
    assert "click" in loaded
    assert loaded.isdisjoint({"sqlalchemy", "numpy", "fastapi", "alembic"})
