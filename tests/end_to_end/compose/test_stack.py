"""`docker compose up`, from a clean checkout to stored runs, and what befalls the stack."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx2 as httpx
import pytest
import yaml

from collector.commands.secrets import NAMES
from tests.end_to_end.bed.engine import docker
from tests.end_to_end.compose.stack import Stack, program
from tests.end_to_end.conftest import Place

pytestmark = [pytest.mark.xdist_group("compose"), pytest.mark.root]

FLEET = """
version: 1
name: NAME
defaults: {probe: {count: 3, interval: 20ms, timeout: 500ms, ip: "4"}}
testers: [{name: desk}, {name: shelf}]
servers: [{name: loop, host: 127.0.0.1}, {name: alias, host: 127.0.0.2}]
run: {repeat: RUNS, every: 1s}
"""
RULES = """
version: 1
receivers: [{name: ops, webhook: {url_file: hook}}]
rules: [{name: regions, to: ops}]
"""
SERVICES = ("collector", "postgres")


def at(stack: Stack, place: Place, *, name: str, runs: int) -> None:
    """Let `orchestrate` in a place use the stack's collector, with a fleet of its own."""
    place.fleet(FLEET.replace("NAME", name).replace("RUNS", str(runs)))
    place.environment["ORCHESTRATE_COLLECTOR_URL"] = stack.url
    place.environment["ORCHESTRATE_ADMIN_TOKEN"] = stack.secret("admin_token")


def measured(stack: Stack, fleet: str, many: int) -> bool:
    return len(stack.runs(fleet)) >= many


def ready(stack: Stack) -> bool:
    try:
        return stack.get("/readyz", user=None).status_code == 200
    except httpx.TransportError:
        return False


def eventually(holds: Callable[[], bool], *, within_s: float = 120.0) -> None:
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.2)


def commands_of_the_readme(stack: Stack) -> str:
    """Return the commands that the README has for a stack, at the port that it has here."""
    text = (stack.folder / "README.md").read_text(encoding="utf-8")
    block = text.partition("## A collector for a company")[2].partition("```console\n")[2].partition("```")[0]
    lines = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    return "\n".join(lines).replace(":9090", f":{stack.port}")


def test_the_commands_of_the_readme_lead_to_stored_runs_and_a_report(stack: Stack, place: Place) -> None:
    # A machine's `docker compose` is a plugin of the engine's client; here it stands in CI's cache.
    by_name = f'docker() {{ shift; "{program()}" "$@"; }}\n'
    said = subprocess.run(
        ["bash", "-euc", by_name + commands_of_the_readme(stack)],
        cwd=stack.folder,
        env=stack.environment()
        | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ORCHESTRATE_STATE_DIR": str(place.folder / "of the readme"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert said.returncode == 0, said.stderr
    fleet = yaml.safe_load((stack.folder / "fleet.yaml").read_text(encoding="utf-8"))["name"]
    runs = stack.runs(fleet)
    assert runs
    assert {run["state"] for run in runs} == {"complete"}
    assert "ranked by" in said.stdout


def test_a_sweep_is_stored_and_read_with_the_tokens_that_the_stack_made(stack: Stack, place: Place) -> None:
    at(stack, place, name="first", runs=2)

    swept = place.run("sweep")

    assert swept.returncode == 0, swept.stderr
    assert sorted((run["tester"], run["state"]) for run in stack.runs("first")) == [
        *[("desk", "complete")] * 2,
        *[("shelf", "complete")] * 2,
    ]
    assert len(stack.results("first")) == 8
    assert stack.get("/api/v1/runs", user=None).status_code == 401


def test_containers_have_no_right_that_they_do_not_need(stack: Stack) -> None:
    assert stack.inspected("collector", "{{.Config.User}}") == "10001:10001"
    for service in SERVICES:
        assert stack.inspected(service, "{{json .HostConfig.CapDrop}}") == '["ALL"]'
        assert "no-new-privileges:true" in stack.inspected(service, "{{json .HostConfig.SecurityOpt}}")
    assert stack.inspected("collector", "{{.HostConfig.ReadonlyRootfs}}") == "true"
    assert stack.inspected("collector", "{{json .HostConfig.CapAdd}}") == "null"
    ports = json.loads(stack.inspected("collector", "{{json .HostConfig.PortBindings}}"))
    assert ports == {"9090/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(stack.port)}]}
    assert stack.inspected("postgres", "{{json .HostConfig.PortBindings}}") == "{}"


def test_no_secret_stands_where_the_engine_shows_it(stack: Stack) -> None:
    secrets = [stack.secret(name) for name in ("admin_token", "reader_token", "database_password")]

    shown = [stack.compose("logs", "--no-color").stdout]
    for service in ("secrets", "migrate", *SERVICES):
        shown.append(stack.inspected(service, "{{json .}}"))

    assert all(len(secret) >= 40 for secret in secrets)
    assert not [secret for secret in secrets for text in shown if secret in text]


@pytest.mark.parametrize("how", [("restart",), ("kill", "-s", "KILL")], ids=["restart", "kill"])
def test_containers_that_go_away_in_the_middle_of_a_sweep_cost_no_result(
    stack: Stack, place: Place, how: tuple[str, ...]
) -> None:
    name = f"away-{how[0]}"
    at(stack, place, name=name, runs=6)

    sweep = place.begin("sweep")
    # Registered comes before measured: until then the fleet is unknown.
    eventually(lambda: f'"{name}"' in stack.get("/api/v1/fleets").text)
    for service, so_far in (("collector", 2), ("postgres", 5)):
        eventually(partial(measured, stack, name, so_far))
        stack.compose(*how, service)
        stack.compose("up", "-d", "collector")
        eventually(lambda: ready(stack))
    out, _ = sweep.communicate(timeout=180)

    assert sweep.returncode == 0, out
    assert [run["state"] for run in stack.runs(name)] == ["complete"] * 12
    assert len(stack.results(name)) == 24


def test_the_stack_taken_down_and_up_again_gives_the_same_answers(stack: Stack, place: Place) -> None:
    at(stack, place, name="kept", runs=2)
    assert place.run("sweep").returncode == 0
    token = stack.secret("admin_token")
    before = [stack.get(path).text for path in ("/api/v1/matrix?fleet=kept", "/api/v1/results?fleet=kept")]

    stack.compose("kill", "-s", "KILL", "postgres")
    stack.compose("down")
    stack.compose("up", "-d", "--wait", "collector")

    after = [stack.get(path).text for path in ("/api/v1/matrix?fleet=kept", "/api/v1/results?fleet=kept")]
    assert after == before
    stack.secrets.clear()
    assert stack.secret("admin_token") == token


def test_the_demo_shows_a_matrix_of_testers_in_a_container(stack: Stack) -> None:
    shown = stack.compose("--profile", "demo", "up", "--no-color", "demo")

    assert "2 testers × 3 server addresses, 180 probes, none lost" in shown.stdout
    assert "p50 RTT in ms" in shown.stdout
    assert stack.compose("ps", "-a", "--format", "{{.ExitCode}}", "demo").stdout.strip() == "0"


def test_the_orchestrators_image_holds_the_docker_machine_that_was_given(stack: Stack) -> None:
    image = stack.environment()["ORCHESTRATOR_IMAGE"]
    stack.compose("build", "scheduler")

    said = docker("run", "--rm", "--pull", "never", "--entrypoint", "docker-machine", image, "--version")

    assert said.stdout.startswith("docker-machine version 0.16")


def test_rules_on_alerts_lie_in_a_folder_beside_their_secrets(stack: Stack) -> None:
    folder = stack.folder / "alerts"
    folder.mkdir()
    (folder / "alerts.yaml").write_text(RULES)
    (folder / "hook").write_text("http://127.0.0.1:9/secret-path")
    extra = {"ALERTS_FOLDER": "./alerts", "COLLECTOR_ALERTS": "/alerts/alerts.yaml"}
    words = ("run", "--rm", "-T", "collector", "alerts")

    assert stack.compose(*words, "check", extra=extra).stdout == "1 rule, 1 receiver\n"
    listed = stack.compose(*words, "list", extra=extra).stdout
    assert listed.startswith("receiver ops: webhook "), listed
    assert "secret-path" not in listed

    (folder / "hook").unlink()
    lacking = stack.compose(*words, "check", extra=extra, check=False)
    assert (lacking.returncode, "hook" in lacking.stderr) == (2, True), lacking.stderr


def test_compose_yaml_names_every_image_and_profile_that_it_may_need(stack: Stack) -> None:
    config: subprocess.CompletedProcess[str] = stack.compose("--profile", "*", "config", "--format", "json")
    services = json.loads(config.stdout)["services"]

    assert {name for name, service in services.items() if "image" not in service} == set()
    assert {profile for service in services.values() for profile in service.get("profiles", [])} == {
        "demo",
        "grafana",
        "scheduler",
        "tls",
    }


def test_a_secret_that_is_there_is_not_made_again(tmp_path: Path, stack: Stack) -> None:
    said = stack.compose("run", "--rm", "--no-deps", "-T", "secrets", "secrets", "/secrets").stdout

    assert said.splitlines() == [f"{name}: there already" for name in NAMES]
