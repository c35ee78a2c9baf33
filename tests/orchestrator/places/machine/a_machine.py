"""docker-machines for tests: the real one, and one that does as it is told where the real one cannot."""

import json
import os
import random
import secrets
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.certificates import MachineCertificates
from orchestrator.places.machine.cloud import Cloud
from orchestrator.places.machine.hosts import MachineHosts, MachineLimits
from orchestrator.places.machine.removal import RemovalLimits
from orchestrator.places.place import NewHost
from tests.end_to_end.bed.lacking import Lacking, docker_machine

SOON_S = 60.0
NAME = f"edge-mars-0a1b2c3d-{secrets.token_hex(2)}"
"""Not the same twice: its create is found among all processes by this name."""

LIMITS = MachineLimits(jitter_s=0.0, ping_s=2.0, removal=RemovalLimits(pause_s=0.01))

TOLD = r"""
import json, os, pathlib, subprocess, sys, time

here = pathlib.Path(__file__).parent
argv = sys.argv[1:]
plan = json.loads((here / "plan.json").read_text())
with (here / "argv.jsonl").open("a") as file:
    file.write(json.dumps({"argv": argv, "environment": dict(os.environ)}) + "\n")
if argv == ["--version"]:
    print("docker-machine version 0.16.2, build told")
    sys.exit()
if argv[-1] == "--help":
    print((here / "help").read_text())
    sys.exit()
name = argv[-1]
machine = pathlib.Path(os.environ["MACHINE_STORAGE_PATH"]) / "machines" / name
if argv[0] == "create" and "none" in argv:
    certs = machine.parent.parent / "certs"
    certs.mkdir(parents=True)
    for file in ("ca.pem", "ca-key.pem", "cert.pem", "key.pem"):
        (certs / file).write_text("told")
    sys.exit()
steps = plan[argv[0]].pop(0) if plan.get(argv[0]) else []
(here / "plan.json").write_text(json.dumps(plan))
for step in steps:
    if "config" in step:
        machine.mkdir(parents=True, exist_ok=True)
        driver = {"InstanceId": "", "Region": "mars"} | step["config"]
        (machine / "config.json").write_text(
            json.dumps({"ConfigVersion": 3, "DriverName": argv[2], "Driver": driver})
        )
    if "say" in step:
        print(step["say"], flush=True)
    if "child" in step:
        # It leaves the group and keeps the session, as a plugin of a plugin might.
        child = subprocess.Popen(["sleep", "600"], preexec_fn=lambda: os.setpgid(0, 0))
        (here / "child").write_text(str(child.pid))
    if "forget" in step:
        import shutil
        shutil.rmtree(machine)
    time.sleep(step.get("wait", 0))
    if "exit" in step:
        sys.exit(step["exit"])
"""

HELP = """Options:

   --amazonec2-access-key \tAWS Access Key [$AWS_ACCESS_KEY_ID]
   --amazonec2-region "us-east-1"\tAWS region [$AWS_DEFAULT_REGION]
   --amazonec2-zone "a"\tAWS zone [$AWS_ZONE]
   --engine-install-url "https://get.docker.com"\tCustom URL [$MACHINE_DOCKER_INSTALL_URL]
   --told-secret \tOn the command line only
   --told-size [--told-size option --told-size option]\tA list
   --told-switch\tA switch
   --told-token \tA secret [$TOLD_TOKEN]
   --tls-san [--tls-san option --tls-san option]\tSupport extra SANs for TLS certs
   --url \tURL of host when no driver is selected
"""


def real_program() -> str:
    """Return the real docker-machine, or skip with the reason."""
    try:
        return str(docker_machine())
    except Lacking as lacking:
        pytest.skip(str(lacking))


def told_program(directory: Path, **plan: list[Any]) -> str:
    """Return a program that prints, waits and exits as told: for each call of a verb a list of steps."""
    directory.mkdir(exist_ok=True)
    program = directory / "docker-machine"
    program.write_text(f"#!{sys.executable}\n{TOLD}", encoding="utf-8")
    program.chmod(0o700)
    (directory / "help").write_text(HELP, encoding="utf-8")
    (directory / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    return str(program)


def calls(program: str, verb: str) -> list[dict[str, Any]]:
    """Return the calls of a told program, each with argv and environment."""
    lines = Path(program).with_name("argv.jsonl").read_text(encoding="utf-8").splitlines()
    return [call for line in lines if (call := json.loads(line))["argv"][0] == verb and name_of(call)]


def name_of(call: dict[str, Any]) -> str:
    name = str(call["argv"][-1])
    return "" if name in {"--help", "certificates"} else name


def hosts_of(
    program: str,
    root: Path,
    *,
    limits: MachineLimits = LIMITS,
    environment: Mapping[str, str] | None = None,
    stop: threading.Event | None = None,
    cloud: Cloud | None = None,
) -> MachineHosts:
    """Return hosts whose state lies below `root`."""
    return MachineHosts(
        program=program,
        store=root / "machines",
        testers=root / "testers",
        keys=root / "aws",
        environment={"PATH": os.environ["PATH"], "HOME": str(root)} | dict(environment or {}),
        limits=limits,
        stop=stop,
        chance=random.Random(4),
        cloud_for=lambda driver, _: cloud if driver == "amazonec2" else None,
    )


def a_host(name: str = NAME, *, driver: str = "amazonec2", **options: Any) -> NewHost:
    """Return a host to be, on mars; options are written with `_` for `-`."""
    return NewHost(
        name=name,
        tester="mars",
        driver=driver,
        region="mars",
        fleet_id=uuid4(),
        options={option.replace("_", "-"): value for option, value in options.items()},
    )


def soon() -> Deadline:
    return Deadline.after(SOON_S)


@contextmanager
def an_engine_for(hosts: MachineHosts, directory: Path) -> Iterator[str]:
    """Let something answer like an engine on loopback, with a certificate of the store's authority.

    It takes nobody's word who has no certificate of that authority. The value is its URL.
    """
    hosts.store.prepare(program=str(hosts.program.version()))
    MachineCertificates(hosts.store, program=hosts.program).make(deadline=soon())
    context = _server_context(hosts, directory)
    ending = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(0.05)

        def answer() -> None:
            while not ending.is_set():
                with suppress(OSError):
                    plain, _ = server.accept()
                    with plain:
                        plain.settimeout(5)
                        with suppress(OSError), context.wrap_socket(plain, server_side=True) as asked:
                            asked.recv(4096)
                            asked.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nOK")

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        finally:
            ending.set()
            thread.join()


def _server_context(hosts: MachineHosts, directory: Path) -> ssl.SSLContext:
    key, request, certificate, extension = (directory / name for name in ("key", "csr", "crt", "ext"))
    extension.write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n", encoding="utf-8")
    certs = hosts.store.certificates
    for command in (
        ["req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=engine"],
        ["x509", "-req", "-in", request, "-CA", certs / "ca.pem", "-CAkey", certs / "ca-key.pem",
         "-days", "2", "-set_serial", "7", "-extfile", extension, "-out", certificate],
    ):  # fmt: skip
        try:
            subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True, timeout=60)
        except FileNotFoundError:
            pytest.skip("no openssl: it makes the certificate of the test's engine")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(certs / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context
