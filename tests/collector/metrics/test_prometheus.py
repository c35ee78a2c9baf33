"""A real promtool and a real Prometheus read a real `collector serve`."""

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from collector.auth import digest_of_token
from collector.session import engine_of, writing
from collector.tables import tokens
from tests.collector.a_collector import a_report
from tests.collector.metrics.test_ping import HOSTILE, just_now
from tests.collector.reads.a_house import Found, House
from tests.collector.test_serve import DEADLINE_S, delivered, registered, serving
from wire.report import LOST

SCRAPED_S = 60.0
"""Until a Prometheus has started and scraped twice, on a busy machine."""

DOCUMENTED = Path(__file__).parent.parent.parent.parent / "docs" / "metrics.md"
STRANGER = """
  - job_name: stranger
    basic_auth: {{username: reader, password: wrong}}
    static_configs: [{{targets: ["{address}"]}}]
global: {{scrape_interval: 1s}}
"""


def documented_config(address: str, *, token_file: Path) -> str:
    """Return the scrape configuration that people copy, for this collector, and a stranger's beside it."""
    text = DOCUMENTED.read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(scrape_configs:.*?)```", text, re.DOTALL)
    assert isinstance(block, str)
    for there, here in (("/etc/prometheus/latency-token", str(token_file)), ("127.0.0.1:9090", address)):
        assert there in block
        block = block.replace(there, here)
    return block + STRANGER.format(address=address)


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} on PATH; Debian has it in the package prometheus")
    return found


def test_promtool_finds_nothing_to_complain_of(house: House) -> None:
    promtool = program("promtool")
    fleet = house.fleet(HOSTILE)
    found = [Found(server=HOSTILE, rtt_us=[10, 20]), Found(server="dead", rtt_us=[LOST])]
    house.report(house.tester(fleet, HOSTILE), house.sweep(fleet), *found, started_at=just_now())
    house.client.get("/api/v1/fleets")
    house.client.put("/api/v1/runs/1f0a2c1e-3a48-4a1e-9c1c-6f0b5a0f7f11/report", content=b"{}")
    text = house.client.get("/metrics").text
    assert "ping_rtt_best_seconds{" in text
    assert 'collector_reports_refused_total{code="unauthorized"} 1.0' in text

    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=DEADLINE_S
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@contextmanager
def prometheus(directory: Path, config: str) -> Iterator[str]:
    """Run a Prometheus; give its address."""
    path = program("prometheus")
    (directory / "prometheus.yml").write_text(config)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(
        [
            path,
            f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address={address}",
            "--log.level=warn",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


def asked(url: str, query: str) -> list[tuple[dict[str, str], float]]:
    """Return what a PromQL query gives: labels and value of each series."""
    path = f"{url}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(path, timeout=DEADLINE_S) as answer:
            body: dict[str, Any] = json.load(answer)
    except OSError:
        return []
    return [(item["metric"], float(item["value"][1])) for item in body["data"]["result"]]


def awaited(ask: Callable[[], list[tuple[dict[str, str], float]]]) -> list[tuple[dict[str, str], float]]:
    until = time.monotonic() + SCRAPED_S
    while not (found := ask()) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def test_a_prometheus_scrapes_it_and_answers(tmp_path: Path, sqlite_url: str) -> None:
    program("prometheus")
    engine = engine_of(sqlite_url)
    with writing(engine) as connection:
        row = {"role": "reader", "sha256": digest_of_token("a-reader"), "created_at": just_now()}
        connection.execute(sa.insert(tokens).values(row))
    engine.dispose()
    (tmp_path / "token").write_text("a-reader\n")
    with serving(sqlite_url) as collector:
        tester_id = registered(collector.url)
        assert delivered(collector.url, a_report(tester_id, rows=3, rtt_us=[1000, 2000, LOST])) == 201
        address = collector.url.removeprefix("http://")
        config = documented_config(address, token_file=tmp_path / "token")
        with prometheus(tmp_path, config) as url:
            twice = awaited(lambda: asked(url, "count_over_time(ping_loss_ratio[1m]) >= 2"))
            assert len(twice) == 3
            lost = asked(url, 'sum by (tester, target) (ping_loss_ratio{ip_version="4", ip="192.0.2.1"})')
            mean = asked(url, "avg(ping_rtt_mean_seconds)")
            age = asked(url, "time() - ping_last_run_timestamp_seconds")
            stored = asked(url, 'collector_results_stored_total{job="latency"}')
            up = awaited(lambda: asked(url, 'up{job="stranger"} == 0')) + asked(url, 'up{job="latency"}')

    ((labels, ratio),) = lost
    assert labels == {"tester": "oslo", "target": "server1"}
    assert ratio == pytest.approx(1 / 3)
    assert [value for _, value in mean] == pytest.approx([0.0015])
    assert 0 < age[0][1] < 600
    assert [value for _, value in stored] == [3]
    assert [(labels["job"], value) for labels, value in up] == [("stranger", 0), ("latency", 1)]
