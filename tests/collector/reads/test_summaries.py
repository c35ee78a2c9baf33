"""Runs and sweeps, counted."""

from datetime import timedelta
from uuid import UUID, uuid4

from tests.collector.reads.a_house import NOON, Found, House
from wire.fields import time_text
from wire.identity import run_id_of
from wire.report import LATE, LOST

SPEC = {"testers": ["oslo", "rome", "tokyo", "lima"], "servers": 3, "repeat": 2, "every_s": 60}


def swept(house: House) -> tuple[UUID, UUID, UUID]:
    """A sweep in which rome ran once, tokyo was not fit, and lima never came."""
    fleet, sweep = house.fleet(), uuid4()
    house.put(
        f"sweeps/{sweep}",
        {"fleet_id": str(fleet), "spec": SPEC, "started_at": NOON.isoformat()},
    )
    testers = {name: house.tester(fleet, name) for name in ("oslo", "rome", "tokyo")}
    first = None
    for name, index, trusted in (
        ("oslo", 0, True),
        ("oslo", 1, True),
        ("rome", 0, True),
        ("tokyo", 0, False),
    ):
        run = house.report(
            testers[name],
            sweep,
            Found(server="ams", rtt_us=[10_000 if name == "oslo" else 90_000] * 10),
            Found(server="fra", rtt_us=[20_000] * 6 + [LOST] * 3 + [LATE]),
            Found(server="dark", address="2001:db8::1", rtt_us=[LOST] * 10),
            Found(server="gone", address=None),
            index=index,
            started_at=NOON + timedelta(minutes=index),
            health={"trusted": trusted, "reason": None if trusted else "clock steps"},
        )
        first = first or run
    assert first is not None
    run = run_id_of(sweep_id=sweep, tester_id=testers["tokyo"], index=1)
    announced = house.client.put(
        f"/api/v1/runs/{run}",
        json={
            "v": 1,
            "run_id": str(run),
            "tester_id": str(testers["tokyo"]),
            "sweep_id": str(sweep),
            "index": 1,
            "of": 2,
            "planned": 4,
            "started_at": time_text(NOON),
            "expected_s": 5.0,
        },
        auth=(str(testers["tokyo"]), str(testers["tokyo"])),
    )
    assert announced.status_code in (200, 201), announced.text
    return sweep, first, run


def test_a_run_is_counted_and_its_worst_results_are_named(house: House) -> None:
    _, run, silent = swept(house)

    body = house.get(f"runs/{run}", limit=1)["summary"]

    assert body["results"]["stored"] == 4
    states = {state: count for state, count in body["results"]["states"].items() if count}
    assert states == {"ok": 1, "lossy": 1, "lost": 1, "dns_failed": 1}
    assert body["probes"] == {
        "planned": 30,
        "sent": 30,
        "answered": 16,
        "lost": 14,
        "late": 1,
        "loss_ratio": 14 / 30,
    }
    worst = [(row["server"], row["state"], row["loss_ratio"], row["p50_us"]) for row in body["worst"]]
    assert worst == [
        ("gone", "dns_failed", None, None),
        ("dark", "lost", 1.0, None),
        ("fra", "lossy", 0.4, 20_000),
        ("ams", "ok", 0.0, 10_000),
    ]
    assert house.get(f"runs/{silent}")["summary"]["results"]["stored"] == 0


def test_a_sweep_is_counted_and_says_what_it_lacks_and_why(house: House) -> None:
    sweep, _, _ = swept(house)

    body = house.get(f"sweeps/{sweep}/summary", worst=3)

    assert (body["fleet"], body["outcome"], body["duration_s"]) == ("edge-latency", None, 64)
    assert {key: body["runs"][key] for key in ("planned", "announced", "reported", "untrusted")} == {
        "planned": 8,
        "announced": 5,
        "reported": 4,
        "untrusted": 1,
    }
    assert body["runs"]["states"] == {"announced": 1, "complete": 4, "truncated": 0, "abandoned": 0}
    assert (body["results"]["stored"], body["results"]["untrusted"]) == (16, 4)
    assert (body["probes"]["sent"], body["probes"]["answered"], body["probes"]["late"]) == (120, 64, 4)
    # Of trusted runs: what is lost is slower than anything, then 90 ms from rome.
    assert [(path["tester"], path["server"]) for path in body["slowest"]] == [
        ("oslo", "dark"),
        ("rome", "dark"),
        ("rome", "ams"),
    ]
    assert [(path["server"], path["loss_ratio"]) for path in body["lossiest"]] == [
        ("dark", 1.0),
        ("dark", 1.0),
        ("fra", 0.4),
    ]
    missing = {(item["tester"], item["index"], item["what"], item["reason"]) for item in body["missing"]}
    assert missing == {
        ("lima", None, "all runs", "no run was announced"),
        ("rome", 1, "run", "not announced yet"),
        ("tokyo", 0, "trust", "clock steps"),
        ("tokyo", 1, "report", "announced, no report yet"),
    }
    assert body["missing_count"] == 4


def test_a_sweep_that_is_unknown_or_empty_has_no_figures(house: House) -> None:
    fleet = house.fleet()
    sweep = house.sweep(fleet)

    body = house.get(f"sweeps/{sweep}/summary")

    assert (body["slowest"], body["lossiest"], body["missing"]) == ([], [], [])
    assert (body["results"]["stored"], body["probes"]["loss_ratio"]) == (0, None)
    assert house.refused(f"sweeps/{uuid4()}/summary")[0] == 404
    assert house.refused(f"sweeps/{sweep}/summary", worst=51)[0] == 422
