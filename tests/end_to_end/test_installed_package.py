"""What an installed package holds, and how little the tester needs of it."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import icmplib
import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from what a clean checkout holds."""
    folder = tmp_path_factory.mktemp("wheel")
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in ("wire", "tester", "collector", "orchestrator", "alembic"):
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout / name)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=checkout,
        check=True,
        capture_output=True,
        timeout=60,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_four_packages_with_the_migrations_inside_the_collector(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {
        "wire",
        "tester",
        "collector",
        "orchestrator",
    }
    assert "collector/migrations/env.py" in names
    assert any(name.startswith("collector/migrations/versions/") for name in names)


def test_the_wheel_holds_every_template_and_asset_with_the_licences_of_others(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    for folder in ("templates", "static"):
        files = [path for path in (ROOT / "collector" / "dashboard" / folder).rglob("*") if path.is_file()]
        assert files
        assert {path.relative_to(ROOT).as_posix() for path in files} <= names
    for vendored in ("uplot", "inter"):
        assert f"collector/dashboard/static/vendor/{vendored}/LICENSE" in names


def test_collector_migrate_works_from_an_installed_package(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    database = tmp_path / "collector.sqlite3"

    done = subprocess.run(
        [sys.executable, "-m", "collector", "migrate", "--database-url", f"sqlite:///{database}"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert database.exists()


def test_the_tester_runs_with_nothing_but_itself_wire_and_icmplib(tmp_path: Path) -> None:
    for name in ("tester", "wire"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copytree(Path(icmplib.__file__).parent, tmp_path / "icmplib")

    done = subprocess.run(
        # -S leaves site-packages out, so that only PYTHONPATH is there.
        [sys.executable, "-S", "-m", "tester", "run", "--help"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "--host" in done.stdout
