"""What was planted in the generated history is what the collector finds in it."""

from typing import Any

import pytest
import sqlalchemy as sa

from collector.tables import ping_results, runs
from tests.dashboard import truth
from tests.dashboard.origin import Origin
from tests.dashboard.world import SERVERS, TESTERS

pytestmark = pytest.mark.xdist_group("browser")


def test_the_history_has_each_run_and_result_once(past: Origin) -> None:
    counts = [past.rows(sa.select(sa.func.count()).select_from(table)) for table in (runs, ping_results)]

    assert [int(rows[0][0]) for rows in counts] == [truth.RUNS, truth.ROWS]


def test_the_slow_region_is_found_and_no_other(past: Origin) -> None:
    slow = past.get("slow")

    found = {region["region"]: region["verdict"] for region in slow["regions"]}
    region = next(tester.region for tester in TESTERS if tester.name == truth.SLOW)
    assert [name for name, verdict in found.items() if verdict in ("slow", "watch")] == [region]
    entry = next(entry for entry in slow["regions"] if entry["region"] == region)
    assert entry["change_low"] < truth.SLOW_RATIO - 1 < entry["change_high"]


def test_the_late_server_is_blamed_and_its_regions_are_not(past: Origin) -> None:
    servers = {one["label"]: one for one in past.get("slow")["verdict_round"]["servers"]}

    late = next(one for label, one in servers.items() if label.startswith(truth.LATE_SERVER))
    assert late["verdict"] in ("slow", "watch")
    assert abs(late["change_us"] - truth.LATE_US) < 0.2 * truth.LATE_US


def test_cells_say_what_was_planted(past: Origin) -> None:
    matrix = past.get("matrix")
    servers = [(server["name"], server["address"]) for server in matrix["servers"]]

    def cell(tester: str, server: str) -> dict[str, Any]:
        row = [one["name"] for one in matrix["testers"]].index(tester)
        place = [name for name, _ in servers].index(server)
        found: dict[str, Any] = matrix["cells"][row][place]
        return found

    assert len(matrix["testers"]) == len(TESTERS)
    assert len(servers) == len(SERVERS)
    assert (truth.MOVED, truth.MOVED_TO) in servers
    lossy = cell(*truth.LOSSY)
    assert (lossy["state"], lossy["loss_ratio"]) == ("lossy", truth.LOSSY_RATIO)
    assert {cell(tester.name, truth.SILENT)["state"] for tester in TESTERS} == {"lost", "tester_bad"}
    assert cell(truth.UNFIT, "ams1")["state"] == "tester_bad"
    assert cell(truth.VOIDED, "ams1")["runs"] == truth.ROUNDS - 1
    assert cell(truth.ABANDONED, "ams1")["runs"] == truth.ROUNDS - 1
