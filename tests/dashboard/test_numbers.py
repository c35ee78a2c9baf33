"""The numbers on pages are those of the API, and those are what counting the raw rows by hand gives."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page

from collector.dashboard import formats
from collector.tables import runs, testers
from tests.collector.reads.naive import naive_figures
from tests.dashboard import truth
from tests.dashboard.browser import visiting
from tests.dashboard.origin import Origin
from tests.dashboard.raw import figures_by_path, raw_of
from tests.dashboard.world import SERVERS, TESTERS

pytestmark = pytest.mark.xdist_group("browser")

CELLS = """() => [...document.querySelectorAll("table.matrix td a")].map(
  (link) => [link.getAttribute("href"), link.textContent.trim(), link.parentElement.className])"""
ROWS = """(table) => [...table.tBodies].flatMap((body) => [...body.rows].map(
  (row) => [...row.cells].map((cell) => cell.innerText.replace(/\\s+/g, " ").trim())))"""
FACTS = """() => Object.fromEntries([...document.querySelectorAll("dl.facts div")].map(
  (fact) => [fact.querySelector("dt").innerText, fact.querySelector("dd").innerText]))"""

REGION = {tester.name: tester.region for tester in TESTERS}


def rows(page: Page, label: str) -> list[list[str]]:
    """Return the cells of the table in the box of a name."""
    box = page.get_by_role("region", name=label, exact=True).locator("table")
    found: list[list[str]] = box.first.evaluate(ROWS)
    return found


def facts(page: Page) -> dict[str, str]:
    found: dict[str, str] = page.evaluate(FACTS)
    return found


def text_of(us: int | None, note: str | None, as_text: Callable[[float | None], str] = formats.ms) -> str:
    return as_text(us) if note is None else note


def test_every_cell_of_the_matrix_is_the_median_of_its_probes(browser: Browser, past: Origin) -> None:
    by_hand = figures_by_path(raw_of(past, truth.NEWEST_ID))
    answer = past.get("matrix", sweep_id=truth.NEWEST_ID)
    heads = [
        [(row["tester_id"], column["server_id"]) for column in answer["servers"]] for row in answer["testers"]
    ]
    api = {
        path: cell
        for names, cells in zip(heads, answer["cells"], strict=True)
        for path, cell in zip(names, cells, strict=True)
    }

    with visiting(browser, past.url) as visit:
        shown = visit.go("/matrix").evaluate(CELLS)

    assert len(shown) == len(TESTERS) * len(SERVERS) == len(by_hand) == len(api)
    lossy = (str(truth.tester_id(truth.LOSSY[0])), "")
    for address, text, classes in shown:
        asked = {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}
        path = (asked["tester"], asked["server"])
        figures = by_hand[path]
        assert {name: api[path][name] for name in ("n", "answered", "p50_us", "loss_ratio")} == {
            name: figures[name] for name in ("n", "answered", "p50_us", "loss_ratio")
        }
        assert text == ("×" if figures["p50_us"] is None else formats.ms(figures["p50_us"]))
        # The mark of loss is red where it is surely above 1 %, and where its tester was fit to say so.
        is_lossy = figures["loss_low"] > 0.01 and api[path]["state"] != "tester_bad"
        assert ("lossy" in classes.split()) == is_lossy, (path, classes)
    assert lossy[0] in {path[0] for path in by_hand}


def test_regions_have_the_change_that_was_planted_and_the_figures_of_their_probes(
    browser: Browser, past: Origin
) -> None:
    answer = past.get("slow", sweep_id=truth.NEWEST_ID)
    api = {entry["region"]: entry for entry in answer["regions"]}
    pooled: dict[str, list[int]] = {}
    names = {str(truth.tester_id(tester.name)): tester.region for tester in TESTERS}
    for one in raw_of(past, truth.NEWEST_ID):
        if one.trusted:
            pooled.setdefault(names[one.path[0]], []).extend(one.probes)

    with visiting(browser, past.url) as visit:
        shown = rows(visit.go("/slow"), "Regions against their own usual")

    assert len(shown) == len(api) == len(TESTERS) - 1
    for cells in shown:
        region = next(name for name in sorted(api, key=len, reverse=True) if cells[1].endswith(name))
        entry, by_hand = api[region], naive_figures(pooled[region])
        assert entry["p50_us"] == by_hand["p50_us"]
        assert entry["loss_ratio"] == by_hand["loss_ratio"]
        assert cells[2] == formats.change_percent(entry["change_ratio"]).replace("\u00a0", " ")
        assert formats.ms(by_hand["p50_us"]) in cells
        assert any(formats.word(entry["verdict"]) in cell for cell in cells)
    slowest = shown[0]
    assert slowest[1].endswith(REGION[truth.SLOW])
    assert slowest[2] == "+29 %"


def test_a_path_shows_the_figures_of_the_window_that_its_address_names(
    browser: Browser, past: Origin
) -> None:
    window = f"since={truth.NEWEST:%Y-%m-%dT%H:%M:%SZ}&until={truth.END:%Y-%m-%dT%H:%M:%SZ}"
    tester, server = truth.LOSSY
    address = next(one.address for one in SERVERS if one.name == server)
    path = (str(truth.tester_id(tester)), str(truth.server_id(server, address)))
    by_hand = figures_by_path(raw_of(past, truth.NEWEST_ID))[path]

    with visiting(browser, past.url) as visit:
        page = visit.go(f"/path?tester={tester}&server={server}&{window}&resolution=run")
        told, points = facts(page), rows(page, "The points as a table")

    assert told["Median of all shown"] == f"{formats.exact_ms(by_hand['p50_us'])} ms"
    assert told["Best"] == f"{formats.exact_ms(by_hand['min_us'])} ms"
    lost = by_hand["n"] - by_hand["answered"]
    assert told["Lost"].startswith(f"{lost} of {by_hand['n']}, 25\u00a0%")
    assert len(points) == truth.ROUNDS


def test_a_sweep_is_counted_as_its_rows_are(browser: Browser, past: Origin) -> None:
    found = raw_of(past, truth.NEWEST_ID)
    sent = sum(len(one.probes) for one in found)
    answered = sum(probe >= 0 for one in found for probe in one.probes)
    by_hand = figures_by_path([one for one in found if one.trusted])
    slowest = sorted((one["p50_us"] for one in by_hand.values() if one["p50_us"] is not None), reverse=True)
    summary = past.get(f"sweeps/{truth.NEWEST_ID}/summary")

    with visiting(browser, past.url) as visit:
        page = visit.go(f"/sweeps/{truth.NEWEST_ID}")
        told, progress, paths = facts(page), rows(page, "Testers"), rows(page, "Slowest paths")
        missing = rows(page, "What is missing")
        headline = page.locator("h1").inner_text()

    assert told["Runs announced"] == formats.count(len(TESTERS) * truth.ROUNDS)
    assert told["Results stored"] == formats.count(len(found)) == formats.count(summary["results"]["stored"])
    assert (told["Sent"], told["Answered"]) == (formats.count(sent), formats.count(answered))
    assert (summary["probes"]["sent"], summary["probes"]["answered"]) == (sent, answered)
    assert told["Lost"] == formats.count(sent - answered)
    assert [cells[1] for cells in paths] == [formats.ms(us) for us in slowest[: len(paths)]]
    by_tester = {cells[0]: cells for cells in progress}
    assert set(by_tester) == {tester.name for tester in TESTERS}
    assert by_tester[truth.ABANDONED][1:2] + by_tester[truth.ABANDONED][3:] == [
        "given up", "2 of 3", "36 of 54", truth.ABANDONED_REASON,
    ]  # fmt: skip
    assert by_tester[truth.VOIDED][5] == truth.VOIDED_REASON
    assert [cells[3] for cells in missing].count(truth.UNFIT_REASON) == truth.ROUNDS
    assert headline == "This sweep is partial: 89 of 90 runs reported, 1 given up, 4 not trusted"


def test_a_run_shows_each_of_its_results_as_it_is_stored(browser: Browser, past: Origin) -> None:
    tester = str(truth.tester_id(truth.VOIDED))
    names = {str(truth.server_id(one.name, one.address)): one.name for one in SERVERS}
    names[str(truth.server_id(truth.MOVED, truth.MOVED_TO))] = truth.MOVED
    by_hand = {
        names[one.path[1]]: naive_figures(one.probes)
        for one in raw_of(past, truth.NEWEST_ID)
        if one.path[0] == tester and one.index == truth.VOIDED_ROUND
    }

    with visiting(browser, past.url) as visit:
        page = visit.go(f"/runs/{truth.run_id(truth.SWEEPS - 1, truth.VOIDED_ROUND, truth.VOIDED)}")
        shown, headline = rows(page, "Results"), page.locator("h1").inner_text()
        told = facts(page)

    assert headline.endswith("not trusted")
    assert told["Loopback, median"] == "7.3 ms"
    assert len(shown) == len(by_hand) == len(SERVERS)
    for cells in shown:
        figures = by_hand[cells[0].split()[0]]
        assert cells[3] == f"{figures['answered']} of {figures['n']}"
        assert cells[5] == formats.exact_ms(figures["min_us"])
        assert cells[6] == formats.exact_ms(figures["p50_us"])


def test_the_fleet_names_each_tester_and_every_run_that_was_left_out(browser: Browser, past: Origin) -> None:
    by_hand = past.rows(
        sa.select(testers.c.name, runs.c.index, runs.c.reason)
        .join(testers, testers.c.id == runs.c.tester_id)
        .where(sa.or_(runs.c.trusted.is_(sa.false()), runs.c.state == "abandoned"))
    )

    with visiting(browser, past.url) as visit:
        page = visit.go("/fleet")
        shown, left_out = rows(page, "Testers"), rows(page, "Runs left out")

    assert [cells[0] for cells in shown] == [tester.name for tester in TESTERS]
    assert {cells[0]: cells[2].split(" of ")[0] for cells in shown} == {
        tester.name: "not trusted" if tester.name == truth.UNFIT else "complete" for tester in TESTERS
    }
    assert sorted((cells[1], int(cells[2].split()[0]) - 1, cells[4]) for cells in left_out) == sorted(
        (name, index, reason) for name, index, reason in by_hand
    )


def test_servers_have_the_verdicts_of_the_newest_round(browser: Browser, past: Origin) -> None:
    listed = past.get("servers")["servers"]
    said = {one["server_id"]: one for one in past.get("slow")["verdict_round"]["servers"]}

    with visiting(browser, past.url) as visit:
        shown = rows(visit.go("/servers"), "Servers")

    assert len(shown) == len(listed) == len(SERVERS) + 1
    for server, cells in zip(listed, shown, strict=True):
        verdict: dict[str, Any] = said.get(server["server_id"], {})
        assert cells[:3] == [server["name"], server["group"], server["address"]]
        assert cells[5] == formats.word(verdict.get("verdict"))
        assert cells[6] == formats.change_percent(verdict.get("change_ratio")).replace("\u00a0", " ")
    words = {cells[0]: cells[5] for cells in shown}
    assert (words[truth.SILENT], words["ams1"]) == ("lost", "ok")
    assert words[truth.LATE_SERVER] in ("watch", "slow")


def test_a_comparison_blames_who_changed_and_has_the_figures_of_both_sweeps(
    browser: Browser, past: Origin
) -> None:
    answer = past.get("diff", a=truth.BEFORE_ID, b=truth.NEWEST_ID)
    trusted = [
        figures_by_path([one for one in raw_of(past, sweep_id) if one.trusted])
        for sweep_id in (truth.BEFORE_ID, truth.NEWEST_ID)
    ]
    api = {(path["tester"], f"{path['server']} {path['address']}"): path for path in answer["paths"]}
    ids = {name: str(truth.server_id(*name.split())) for _, name in api}

    with visiting(browser, past.url) as visit:
        page = visit.go(f"/compare?a={truth.BEFORE_ID}&b={truth.NEWEST_ID}")
        regions, paths = rows(page, "Regions"), rows(page, "Paths")
        headline = page.locator("h1").inner_text()

    assert headline.startswith(
        f"1 region got slower: {REGION[truth.SLOW]}; 1 server got slower: {truth.LATE_SERVER}"
    )
    entry = answer["regions"][0]
    assert regions[0][0] == entry["key"] == REGION[truth.SLOW]
    assert regions[0][1] == formats.change_percent(entry["change_ratio"]).replace("\u00a0", " ")
    assert len(regions) == len(answer["regions"])
    assert paths
    for cells in paths:
        tester, _, name = cells[0].partition(" → ")
        path = (str(truth.tester_id(tester)), ids[name])
        before, after = (side[path]["p50_us"] for side in trusted)
        shown = api[tester, name]
        assert (shown["before"]["p50_us"], shown["after"]["p50_us"]) == (before, after)
        assert cells[4:6] == [formats.ms(before), formats.ms(after)]
        assert cells[1] == formats.change_percent(shown["change_ratio"]).replace("\u00a0", " ")


def test_what_can_be_taken_along_is_what_is_shown(browser: Browser, past: Origin) -> None:
    with visiting(browser, past.url) as visit:
        page = visit.go(f"/runs?sweep_id={truth.NEWEST_ID}&trusted=false")
        shown = len(rows(page, "Runs"))
        with page.expect_download() as started:
            page.get_by_role("link", name="CSV").click()
        lines = started.value.path().read_text().splitlines()

    assert shown == len(lines) - 1 == truth.ROUNDS + 1
