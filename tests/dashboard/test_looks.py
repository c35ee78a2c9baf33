"""How pages are built: for everybody, on every screen, on paper, and without asking anybody else."""

import re

import pytest
from playwright.sync_api import Browser

from tests.dashboard.browser import PHONE, visiting
from tests.dashboard.origin import Origin
from tests.dashboard.pages import PAGES

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.parametrize("name", PAGES),
]

VISIBLE_FOCUS = """() => {
  const style = getComputedStyle(document.activeElement);
  const box = document.activeElement.getBoundingClientRect();
  return [style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1,
          box.width > 0 && box.height > 0, document.activeElement.tagName];
}"""
CONTROLS = ":is(a[href], button, select, input:not([type=hidden]), summary, [tabindex='0']):visible"
OF_COLOURS = ("color-contrast", "link-in-text-block")
TABLES = "table:not(.u-legend)"
"""All but the line below a chart that says what the pointer is at, which is the script's own."""

MOST_STEPS = 40
"""Enough for every kind of control of a page: a matrix has a link in each of its cells."""


def test_axe_finds_nothing_against_a_page_in_light_and_dark(
    browser: Browser, past: Origin, name: str
) -> None:
    with visiting(browser, past.url, color_scheme="light") as visit:
        page = visit.go(PAGES[name])
        visit.photograph(f"{name}-light")

        assert visit.barriers() == []

        # The page is the same but for its colours.
        page.emulate_media(color_scheme="dark")
        visit.photograph(f"{name}-dark")
        assert visit.barriers(only=OF_COLOURS) == []


def test_on_a_phone_tables_scroll_within_their_boxes_and_the_page_does_not(
    browser: Browser, past: Origin, name: str
) -> None:
    with visiting(browser, past.url, size=PHONE) as visit:
        visit.go(PAGES[name])
        visit.photograph(f"{name}-phone")

        assert visit.overflow_px() == 0


def test_on_paper_there_is_everything_but_what_cannot_be_pressed_there(
    browser: Browser, past: Origin, name: str
) -> None:
    with visiting(browser, past.url) as visit:
        page = visit.go(PAGES[name])
        rows = page.locator("tbody tr").count()
        page.emulate_media(media="print", color_scheme="light")
        visit.photograph(f"{name}-paper")

        assert page.locator("tbody tr:visible").count() == rows
        assert page.locator("form:visible, nav[aria-label=Pages]:visible").count() == 0
        background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert background == "rgb(255, 255, 255)"


def test_without_scripts_a_page_has_the_same_tables(browser: Browser, past: Origin, name: str) -> None:
    with visiting(browser, past.url) as visit:
        with_scripts = visit.go(PAGES[name]).locator(TABLES).all_inner_texts()
    with visiting(browser, past.url, java_script_enabled=False) as visit:
        without = visit.go(PAGES[name]).locator(TABLES).all_inner_texts()

    assert [_words(text) for text in without] == [_words(text) for text in with_scripts]
    assert without


def test_every_control_is_reached_by_the_keyboard_and_seen_to_be(
    browser: Browser, past: Origin, name: str
) -> None:
    with visiting(browser, past.url) as visit:
        page = visit.go(PAGES[name])
        steps = min(page.locator(CONTROLS).count(), MOST_STEPS)
        for step in range(steps):
            page.keyboard.press("Tab")
            is_outlined, has_size, tag = page.evaluate(VISIBLE_FOCUS)
            assert tag != "BODY", f"the focus left the page after {step} of {steps} steps"
            assert is_outlined, (
                f"step {step}, {tag}: {page.evaluate('document.activeElement.outerHTML')[:300]}"
            )
            assert has_size


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", text)
