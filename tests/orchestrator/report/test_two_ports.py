"""Two ports at one address are two servers."""

from typing import Any

from orchestrator.show.matrix import with_ranking


def test_each_port_has_its_own_figure() -> None:
    servers = [
        {"server_id": f"s{port}", "name": "web", "address": "192.0.2.1", "port": port} for port in (80, 443)
    ]
    matrix: dict[str, Any] = {
        "testers": [{"tester_id": "t", "name": "oslo"}],
        "servers": servers,
        "cells": [[{"p50_us": 1}, {"p50_us": 2}]],
    }
    paths = [
        {"tester_id": "t", "server_id": server["server_id"], "floor_ratio": ratio}
        for server, ratio in zip(servers, (1.5, 3.0), strict=True)
    ]

    (row,) = with_ranking(matrix, {"paths": paths}, by="floor")["cells"]

    assert [cell["floor_ratio"] for cell in row] == [1.5, 3.0]
