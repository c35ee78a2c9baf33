"""Answers of a collector, as `/matrix` and `/slow` give them."""

from collections.abc import Callable
from typing import Any

import pytest

Json = dict[str, Any]


def a_cell(**changes: Any) -> Json:
    cell: Json = {
        "state": "ok",
        "runs": 1,
        "n": 20,
        "answered": 20,
        "late": 0,
        "loss_ratio": 0.0,
        "loss_low": 0.0,
        "loss_high": 0.161,
        "min_us": 11_900,
        "p50_us": 12_340,
        "p95_us": None,
        "p50_note": None,
        "p95_note": "n/a",
    }
    return cell | changes


def a_lost_cell() -> Json:
    return a_cell(
        state="lost",
        answered=0,
        loss_ratio=1.0,
        loss_low=0.84,
        loss_high=1.0,
        min_us=None,
        p50_us=None,
        p50_note="lost",
    )


def a_server(name: str, **changes: Any) -> Json:
    server: Json = {"server_id": "s", "name": name, "group": "edge", "host": name}
    return server | {"address": "127.0.0.1", "family": 4} | changes


def a_tester(name: str, **changes: Any) -> Json:
    tester: Json = {"tester_id": "t", "name": name, "region": name, "trusted": True, "reason": None}
    return tester | changes


def a_matrix(testers: list[Json], servers: list[Json], cells: list[list[Json | None]]) -> Json:
    return {
        "fleet": "edge",
        "sweep_id": None,
        "since": None,
        "until": None,
        "testers": testers,
        "servers": servers,
        "cells": cells,
    }


def a_region(name: str, **changes: Any) -> Json:
    region: Json = {
        "rank": 1,
        "region": name,
        "testers": [name],
        "server_count": 3,
        "path_count": 3,
        "n": 240,
    }
    figures: Json = {
        "answered": 240,
        "p50_us": 301_234,
        "p50_note": None,
        "p95_us": 320_000,
        "p95_note": None,
    }
    loss: Json = {"loss_ratio": 0.0, "loss_low": 0.0, "loss_high": 0.0158, "best_us": 290_000}
    return region | figures | loss | {"floor_ratio": None, "floor_flag": None} | changes


def a_path(tester: str, server: str, **changes: Any) -> Json:
    path = a_region(tester)
    for key in ("testers", "server_count", "path_count"):
        del path[key]
    return path | {"tester": tester, "server": server, "address": "127.0.0.1"} | changes


def a_ranking(regions: list[Json], paths: list[Json] | None = None, **changes: Any) -> Json:
    ranking: Json = {"fleet": "edge", "sweep_id": None, "by": "p50", "regions": regions, "paths": paths or []}
    label = "ranked by p50 (lost probes count as infinite)"
    return ranking | {"by_label": label, "left_out": []} | changes


@pytest.fixture
def make() -> dict[str, Callable[..., Any]]:
    return {
        "cell": a_cell,
        "lost": a_lost_cell,
        "server": a_server,
        "tester": a_tester,
        "matrix": a_matrix,
        "region": a_region,
        "path": a_path,
        "ranking": a_ranking,
    }
