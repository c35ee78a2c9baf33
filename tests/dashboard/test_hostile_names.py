"""Names that are meant to break what shows them are text, everywhere."""

import csv
import io
import urllib.request

import pytest
from playwright.sync_api import Browser

from tests.dashboard import hostile as names
from tests.dashboard.browser import PHONE, visiting
from tests.dashboard.origin import Origin

pytestmark = pytest.mark.xdist_group("browser")

LISTED = {"/fleet": names.NAMES, "/servers": names.NAMES, "/matrix": names.NAMES, "/sweeps": (names.QUOTES,)}
TEXT = "document.body.textContent"


def seen(name: str) -> str:
    """Return a name as people see it: with all that is blank as one blank."""
    return " ".join(name.split())


def addresses(hostile: Origin) -> list[str]:
    """Return an address of each page, those with a name or an id in it too."""
    sweeps = hostile.get("sweeps")["sweeps"]
    runs = hostile.get("runs", trusted="false")["runs"]
    testers = hostile.get("testers")["testers"]
    servers = hostile.get("servers")["servers"]
    return [
        "/matrix",
        "/matrix?by=region",
        "/slow",
        f"/path?tester={testers[3]['tester_id']}&server={servers[5]['server_id']}",
        "/sweeps",
        f"/sweeps/{sweeps[0]['sweep_id']}",
        "/runs",
        f"/runs/{runs[0]['run_id']}",
        "/compare",
        "/fleet",
        "/servers",
        "/api",
    ]


def test_no_name_becomes_markup_a_script_or_a_request(browser: Browser, hostile: Origin) -> None:
    with visiting(browser, hostile.url, size=PHONE) as visit:
        for address in addresses(hostile):
            page = visit.go(address)
            assert "owned" not in page.title() or "<script>" in page.title(), address
            assert (
                page.evaluate(
                    "document.querySelectorAll('main img, main script:not([src]):not([type])').length"
                )
                == 0
            )
            assert page.evaluate("document.querySelectorAll('[onmouseover], [onerror]').length") == 0
            assert visit.overflow_px() == 0, address
            visit.photograph(f"hostile-{address.strip('/').split('?')[0].split('/')[0]}")


@pytest.mark.parametrize("address", LISTED)
def test_every_name_is_shown_whole_and_as_text(browser: Browser, hostile: Origin, address: str) -> None:
    with visiting(browser, hostile.url) as visit:
        text = seen(visit.go(address).evaluate(TEXT))

    for name in LISTED[address]:
        assert seen(name) in text, name


def test_a_link_by_name_leads_to_what_it_names(browser: Browser, hostile: Origin) -> None:
    with visiting(browser, hostile.url) as visit:
        page = visit.go("/fleet")
        count = page.get_by_role("region", name="Testers").locator("tbody th a").count()
        assert count == len(names.NAMES)
        for number in range(count):
            page = visit.go("/fleet")
            link = page.get_by_role("region", name="Testers").locator("tbody th a").nth(number)
            name = seen(link.text_content() or "")
            link.click()
            page.wait_for_load_state()
            assert seen(page.locator("tbody th").first.text_content() or "") == name


def test_no_cell_of_a_csv_begins_a_formula(hostile: Origin) -> None:
    for export in ("runs", "results", "matrix"):
        with urllib.request.urlopen(f"{hostile.url}/api/v1/{export}?format=csv", timeout=30) as answer:
            table = list(csv.reader(io.StringIO(answer.read().decode())))
        assert len(table) > 1
        text = {cell for line in table[1:] for cell in line}
        assert any("HYPERLINK" in cell for cell in text)
        assert not {cell for cell in text if cell[:1] in "=+@\t\r" and cell}


def test_looking_at_every_page_changes_nothing_and_asks_by_get_alone(
    browser: Browser, hostile: Origin
) -> None:
    def everything() -> list[object]:
        return [
            hostile.get(name)
            for name in ("fleets", "sweeps", "runs", "testers", "servers", "verdicts", "results")
        ]

    before = everything()
    with visiting(browser, hostile.url) as visit:
        for address in addresses(hostile):
            visit.go(address)
    assert everything() == before
    assert {method for method, _ in visit.asked} == {"GET"}
