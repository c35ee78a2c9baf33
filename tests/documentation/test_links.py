"""Whoever follows a link arrives, and whoever reads the contents misses no page."""

from pathlib import Path

import pytest

from tests.documentation.pages import PAGES, ROOT, anchors_of, links_of

CONTENTS = ROOT / "docs" / "README.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_to_its_heading(page: Path) -> None:
    wrong = []
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        leads_to = (page.parent / path).resolve() if path else page
        if not leads_to.exists() or (anchor and anchor not in anchors_of(leads_to)):
            wrong.append(link)

    assert wrong == []


def test_the_contents_name_every_page() -> None:
    named = {(CONTENTS.parent / link.partition("#")[0]).resolve() for link in links_of(CONTENTS)}
    pages = {page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "decisions"}

    assert pages - named - {CONTENTS} == set()


def test_headings_have_the_anchors_that_a_browser_shows(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# What `down` does\n\n## A & B: *1.5* times\n\n## Twice\n\n## Twice\n\n```sh\n# no heading\n```\n"
    )

    assert anchors_of(page) == {"what-down-does", "a--b-15-times", "twice", "twice-1"}
