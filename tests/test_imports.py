"""Who may import whom."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("wire", "tester", "collector", "orchestrator")
TESTER_LIBRARIES = {"icmplib"}

ONLY_IN = {
    "plumbum": {"orchestrator/places/shell.py"},
    "docker": {"orchestrator/places/engines/containers.py", "orchestrator/places/images/image.py"},
}
ONLY_BELOW = {
    "icmplib": "tester/engine/",
    "boto3": "orchestrator/cloud/",
    "botocore": "orchestrator/cloud/",
    "sqlalchemy": "collector/",
    "psycopg": "collector/",
    "alembic": "collector/",
}
PURE = (
    "orchestrator/decide/plan.py",
    "orchestrator/decide/host.py",
    "orchestrator/decide/actions.py",
    "orchestrator/decide/pulse.py",
    "orchestrator/decide/window.py",
    "orchestrator/decide/ticks.py",
    "orchestrator/fleet/cron.py",
    "orchestrator/decide/peers.py",
    "orchestrator/cloud/found.py",
    "orchestrator/collector_client/sse.py",
    "orchestrator/fleet/rails.py",
    "orchestrator/places/machine/docker_machine.py",
    "orchestrator/places/machine/fate.py",
    "orchestrator/places/machine/failures.py",
    "orchestrator/places/machine/messages.py",
    "orchestrator/places/engines/tester_container.py",
    "orchestrator/fleet/model.py",
    "tester/summary.py",
    "collector/alerts/machine.py",
    "collector/alerts/message.py",
    "collector/alerts/rules.py",
    "collector/dashboard/formats.py",
    "collector/verdicts/counted.py",
    "collector/verdicts/fleet.py",
    "collector/verdicts/floor.py",
    "collector/verdicts/judge.py",
    "collector/verdicts/medians.py",
    "collector/verdicts/paths.py",
    "collector/verdicts/polish.py",
    "collector/verdicts/resample.py",
    "collector/verdicts/rounds.py",
    "collector/verdicts/slowness.py",
    "collector/verdicts/thresholds.py",
    "collector/verdicts/verdict.py",
)
IMPURE = {
    "time", "socket", "os", "subprocess", "logging", "sqlite3", "http", "urllib", "ssl", "select",
    "selectors", "threading", "random", "secrets", "tempfile", "shutil", "pathlib",
    "httpx2", "psutil", "sqlalchemy", "psycopg", "structlog",
}  # fmt: skip
MAY_IMPORT = {
    "orchestrator": {
        "fleet": set(),
        "decide": {"fleet"},
        "places": {"fleet", "decide"},
        "cloud": {"fleet", "places"},
        "act": {"fleet", "decide", "places", "cloud"},
    },
    "collector": {
        "history": set(),
        "ingest": {"history"},
        "verdicts": {"history"},
        "alerts": {"history", "verdicts"},
        "metrics": {"history", "ingest"},
        "original": {"ingest"},
        "web": {"history", "ingest", "verdicts", "alerts", "metrics"},
        "dashboard": {"history", "verdicts", "web"},
    },
}
"""Within a package: the folders of the flow, and those that each of them stands on."""


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path, *, top_level_only: bool = False) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_wire_and_itself_only(package: str) -> None:
    allowed = {"wire", package}
    for path in sources(package):
        ours = {name.split(".")[0] for name in imported(path)} & set(PACKAGES)
        assert ours <= allowed, f"{name_of(path)} imports {sorted(ours - allowed)}"


def test_wire_needs_the_standard_library_only() -> None:
    for path in sources("wire"):
        foreign = {name.split(".")[0] for name in imported(path)} - set(sys.stdlib_module_names) - {"wire"}
        assert not foreign, f"{name_of(path)} imports {sorted(foreign)}"


def test_the_tester_needs_icmplib_only() -> None:
    allowed = set(sys.stdlib_module_names) | {"wire", "tester"} | TESTER_LIBRARIES
    for path in sources("tester"):
        foreign = {name.split(".")[0] for name in imported(path)} - allowed
        assert not foreign, f"{name_of(path)} imports {sorted(foreign)}"


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_a_library_stands_behind_its_one_door(library: str) -> None:
    users = {
        name_of(path)
        for package in PACKAGES
        for path in sources(package)
        if library in {name.split(".")[0] for name in imported(path)}
    }
    assert users <= ONLY_IN[library]


@pytest.mark.parametrize("library", sorted(ONLY_BELOW))
def test_a_library_stays_in_its_part(library: str) -> None:
    users = {
        name_of(path)
        for package in PACKAGES
        for path in sources(package)
        if library in {name.split(".")[0] for name in imported(path)}
    }
    assert all(user.startswith(ONLY_BELOW[library]) for user in users), sorted(users)


@pytest.mark.parametrize("file", PURE)
def test_a_pure_file_imports_nothing_with_an_effect(file: str) -> None:
    found = {name.split(".")[0] for name in imported(ROOT / file)} & IMPURE
    assert not found, f"{file} imports {sorted(found)}"


def test_show_is_imported_by_commands_only() -> None:
    for path in sources("orchestrator"):
        name = name_of(path)
        if name.startswith(("orchestrator/show/", "orchestrator/commands/")) or name == "orchestrator/cli.py":
            continue
        assert not any(module.startswith("orchestrator.show") for module in imported(path)), name


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_arrows_within_a_package_never_run_back(package: str) -> None:
    flow = MAY_IMPORT[package]
    for folder, allowed in flow.items():
        for path in sorted((ROOT / package / folder).rglob("*.py")):
            found = {
                module.split(".")[1]
                for module in imported(path)
                if module.startswith(f"{package}.") and module.split(".")[1] in flow.keys() - {folder}
            }
            assert found <= allowed, f"{name_of(path)} imports {sorted(found - allowed)}"
