"""A page as a browser without scripts has it."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from starlette.testclient import TestClient

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
VOID = {"meta", "link", "input", "br", "img", "hr", "path", "rect", "line", "circle", "wbr"}


@dataclass(kw_only=True)
class Element:
    """An element with what it holds."""

    tag: str
    attributes: dict[str, str]
    inside: "list[Element | str]" = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return all text, blanks as one."""
        return " ".join(
            "".join(item if isinstance(item, str) else f" {item.text} " for item in self.inside).split()
        )

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    def all(self, tag: str, **attributes: str) -> "list[Element]":
        """Return the elements below of a tag, with these attributes, in order."""
        found = []
        for item in self.inside:
            if isinstance(item, Element):
                if item.tag == tag and all(
                    item.attributes.get(name.rstrip("_")) == value for name, value in attributes.items()
                ):
                    found.append(item)
                found += item.all(tag, **attributes)
        return found

    def one(self, tag: str, **attributes: str) -> "Element":
        """Return the only such element."""
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} elements {tag} {attributes}"
        return found[0]


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element(tag="", attributes={})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        made = Element(tag=tag, attributes={name: value or "" for name, value in attrs})
        self._open[-1].inside.append(made)
        if tag not in VOID:
            self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self._open[-1].inside.append(
            Element(tag=tag, attributes={name: value or "" for name, value in attrs})
        )

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> ends a {self._open[-1].tag}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].inside.append(data)


def page_of(text: str) -> Element:
    """Return a page as a tree; every element must be closed by its own tag."""
    tree = _Tree()
    tree.feed(text)
    tree.close()
    assert tree._open == [tree.root], f"{tree._open[-1].tag} is not closed"
    return tree.root


def opened(client: TestClient, address: str, *, status: int = 200, **given: Any) -> Element:
    """Return the page at an address, which holds what every page holds."""
    answer = client.get(address, headers=BROWSER, **given)
    assert answer.status_code == status, (address, answer.status_code, answer.text[-2_000:])
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = page_of(answer.text)
    assert_clean(page)
    return page


def assert_clean(page: Element) -> None:
    """Hold that a page has no script, style or handler of its own, and loads nothing from elsewhere."""
    for element in _walk(page):
        names = set(element.attributes)
        assert "style" not in names, element
        assert not {name for name in names if name.startswith("on")}, element
        assert element.tag != "style"
        if element.tag == "script":
            assert element.attributes.get("type") == "application/json" or element.attributes["src"]
        for name in ("src", "href", "action"):
            value = element.attributes.get(name, "/")
            assert re.match(r"/(?!/)|#|\?", value), (element.tag, value)


def _walk(element: Element) -> Any:
    for item in element.inside:
        if isinstance(item, Element):
            yield item
            yield from _walk(item)
