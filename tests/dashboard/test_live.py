"""Pages move while a real sweep runs on this machine, and stand still, but readable, without scripts."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.dashboard.browser import visiting
from tests.end_to_end.conftest import Place, wait_until

pytestmark = pytest.mark.xdist_group("browser")

FLEET = """\
version: 1
name: moving
testers:
  - {name: desk, driver: local, location: {region: here}}
  - {name: shelf, driver: local, location: {region: there}}
servers:
  - {name: four, host: 127.0.0.1}
  - {name: two, host: 127.0.0.2}
defaults:
  probe: {count: 6, interval: 0.02s, timeout: 1s}
run: {repeat: REPEAT, every: 0.5s}
collector: {port: PORT}
"""
LONG = 60_000
"""Milliseconds that a busy machine may take for what is done in two."""


def answers(place: Place) -> bool:
    try:
        return bool(place.get("/api/v1/sweeps")["sweeps"])
    except OSError:
        return False


def test_the_pages_of_a_sweep_move_with_it_from_its_first_run_to_its_end(
    browser: Browser, place: Place
) -> None:
    place.fleet(FLEET.replace("REPEAT", "8"))
    up = place.begin("up")
    wait_until(lambda: answers(place), within_s=60)
    sweep_id = place.get("/api/v1/sweeps")["sweeps"][0]["sweep_id"]

    with visiting(browser, place.url) as visit, visiting(browser, place.url) as other:
        page, listed = visit.go(f"/sweeps/{sweep_id}"), other.go("/sweeps")
        # A mark that would be gone if the page were loaded again: it moves in its place.
        page.evaluate("window.sameDocument = true")
        seen = {page.locator("h1").inner_text()}
        expect(page.get_by_role("status")).to_have_text(re.compile("Live"), timeout=LONG)
        testers = page.get_by_role("region", name="Testers")
        some = testers.get_by_role("cell", name=re.compile("^[1-7] of 8$"))
        expect(some.first).to_be_visible(timeout=LONG)
        visit.photograph("live-sweep")
        seen.add(page.locator("h1").inner_text())
        expect(page.locator("h1")).to_have_text(
            "This sweep is complete: 16 of 16 runs reported", timeout=LONG
        )
        expect(listed.locator("h1")).to_have_text("The newest sweep is complete", timeout=LONG)
        expect(listed.get_by_text("16 of 16")).to_be_visible()
        expect(page.get_by_role("status")).to_have_text(re.compile("This sweep has ended"))
        assert page.evaluate("window.sameDocument")
        assert any("is running" in text for text in seen), seen
        counted = place.get(f"/api/v1/sweeps/{sweep_id}/summary")
        stored = page.locator("dl.facts div", has_text="Results stored").locator("dd").first
        expect(stored).to_have_text(str(counted["results"]["stored"]))
        assert {method for method, _ in visit.asked} == {"GET"}
    output, _ = up.communicate(timeout=60)
    assert up.returncode == 0, output


def test_the_matrix_asks_for_its_ribbon_alone_and_shows_the_sweep_that_has_ended(
    browser: Browser, place: Place
) -> None:
    place.fleet(FLEET.replace("REPEAT", "12"))
    up = place.begin("up")
    wait_until(lambda: answers(place), within_s=60)

    with visiting(browser, place.url) as visit, visiting(browser, place.url) as other:
        page, held = visit.go("/matrix"), other.go("/matrix")
        held.get_by_role("link", name="Slow regions").focus()
        expect(page.get_by_role("img", name=re.compile("of 2 testers done"))).to_be_visible()

        matrix = page.get_by_role("heading", name="Median round trip, ms")
        expect(matrix).to_be_visible(timeout=LONG)
        assert ("GET", "/matrix/ribbon") in visit.asked
        assert visit.asked.count(("GET", "/matrix")) == 2
        # Where somebody has the keyboard, nothing is loaded under their hands.
        expect(held.get_by_role("status")).to_contain_text("This sweep has ended.", timeout=LONG)
        expect(held.get_by_role("img", name=re.compile("testers done"))).to_have_count(0)
        assert other.asked.count(("GET", "/matrix")) == 1
        other.photograph("live-matrix")
        held.get_by_role("link", name="Load it again").click()
        expect(held.get_by_role("heading", name="Median round trip, ms")).to_be_visible()
    output, _ = up.communicate(timeout=60)
    assert up.returncode == 0, output


def test_without_scripts_the_state_as_of_loading_is_shown_with_a_link_to_load_it_again(
    browser: Browser, place: Place
) -> None:
    place.fleet(FLEET.replace("REPEAT", "1"))
    done = place.run("up")
    assert done.returncode == 0, done.stderr

    with visiting(browser, place.url, java_script_enabled=False) as visit:
        page = visit.go("/runs?state=complete")
        expect(page.get_by_role("status")).to_contain_text("As it was when the page was loaded.")
        page.get_by_role("link", name="Load it again").click()
        assert page.url.endswith("/runs?state=complete")
        expect(page.locator("tbody tr")).to_have_count(2)


def test_a_page_goes_on_where_it_was_when_its_collector_comes_back(browser: Browser, place: Place) -> None:
    place.fleet(FLEET.replace("REPEAT", "1"))
    assert place.run("up").returncode == 0

    with visiting(browser, place.url) as visit:
        page = visit.go("/sweeps")
        expect(page.get_by_role("status")).to_have_text(re.compile("Live"), timeout=LONG)
        assert place.kill_collector()
        expect(page.get_by_role("status")).to_have_text(re.compile("cut off"), timeout=LONG)
        again = place.run("up", "--again")
        assert again.returncode == 0, again.stderr
        expect(page.locator("tbody tr")).to_have_count(2, timeout=LONG)
        # A browser says itself that it was refused while nobody was there.
        visit.complaints[:] = [text for text in visit.complaints if "ERR_" not in text]
