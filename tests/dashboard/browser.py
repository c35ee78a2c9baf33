"""A real browser that may speak to one collector only, and what it says of a page."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, sync_playwright

ARTEFACTS = Path(__file__).parents[2] / "artefacts" / "pages"
DESK, PHONE = (1280, 900), (420, 900)
WITHIN = ("data", "blob", "about")
"""Schemes that leave nothing."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A page of one collector; `strayed` are requests elsewhere, `complaints` what its console said."""

    page: Page
    origin: str
    strayed: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of every request."""

    def go(self, path: str) -> Page:
        """Open a page; it must be answered with 200."""
        answer = self.page.goto(self.origin + path, wait_until="load")
        assert answer is not None
        assert answer.status == 200, answer.text()
        return self.page

    def barriers(self, *, only: Sequence[str] = ()) -> list[str]:
        """Return what axe-core holds against the page, a line each; by all its rules, or by some."""
        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if only:
            options["runOnly"] = {"type": "rule", "values": list(only)}
        found: dict[str, Any] = Axe().run(self.page, options=options).response
        return [
            f"{rule['id']}: {rule['help']}: {part['html']} {part.get('failureSummary', '')}"
            for rule in found["violations"]
            for part in rule["nodes"]
        ]

    def overflow_px(self) -> int:
        """Return by how much the page is wider than its window."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return max(0, width)

    def photograph(self, name: str) -> None:
        """Keep a picture of the whole page among the artefacts."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)

    def check(self) -> None:
        """Fail where the page asked anybody else, or its console complained."""
        assert self.strayed == []
        assert self.complaints == []


def chromium() -> str | None:
    """Return where the browser is, None where there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless chromium for the tests of one file.

    It ends with them: while Playwright is there, its event loop counts as running in this thread.
    """
    program = chromium()
    if program is None:
        pytest.skip("no browser: install the package chromium, or name one in CHROMIUM")
    with launched(program) as opened:
        yield opened


@contextmanager
def launched(program: str) -> Iterator[Browser]:
    """Give a headless browser that can look up no name."""
    arguments = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    if os.geteuid() == 0:
        # Its sandbox refuses root.
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=arguments)
        yield opened
        opened.close()


@contextmanager
def visiting(browser: Browser, origin: str, *, size: tuple[int, int] = DESK, **how: Any) -> Iterator[Visit]:
    """Give a page of its own, which is checked at the end; `how` goes to the browser's new context."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **how)
    context.set_default_timeout(20_000)
    visit = Visit(page=context.new_page(), origin=origin)

    def elsewhere(route: Route) -> None:
        visit.strayed.append(route.request.url)
        route.abort()

    def asked(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in WITHIN:
            visit.asked.append((request.method, parts.path))

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            visit.complaints.append(message.text)

    context.route(re.compile(rf"^(?!{re.escape(origin)}/|({'|'.join(WITHIN)}):)"), elsewhere)
    context.on("request", asked)
    context.on("console", said)
    context.on("weberror", lambda error: visit.complaints.append(str(error.error)))
    try:
        yield visit
        visit.check()
    finally:
        context.close()
