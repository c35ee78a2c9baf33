"""Pages of the documentation: their headings, links, examples and command lines."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
PROGRAMS = ("orchestrate", "collector", "tester")

_FENCE = re.compile(r"^(```|~~~)(?P<language>\w*)[^\n]*\n(?P<text>.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_SPAN = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_SUBSTITUTION = re.compile(r'"?\$\(([^()]*)\)"?')
_BEFORE = ("sudo", "exec", "nohup", "time")
_ENDS = frozenset({"|", "||", "&&", ";", "&", ">", ">>", "<", "2>", "2>&1"})


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandLine:
    """A call of one of our programs; `is_whole` where it can be run as it stands."""

    words: tuple[str, ...]
    is_whole: bool

    def __str__(self) -> str:
        return shlex.join(self.words)


def prose_of(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose_of(page)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number = sum(1 for other in found if re.fullmatch(re.escape(slug) + r"(-\d+)?", other))
        found.add(f"{slug}-{number}" if number and slug in found else slug)
    return found


def links_of(page: Path) -> Iterator[str]:
    """Return where the relative links of a page lead."""
    for link in _LINK.findall(prose_of(page)):
        if not re.match(r"[a-z]+:", link):
            yield link


def blocks_of(page: Path, language: str) -> Iterator[str]:
    """Return the blocks of code of one language."""
    for block in _FENCE.finditer(page.read_text(encoding="utf-8")):
        if block["language"] == language:
            yield block["text"]


def commands_of(page: Path) -> Iterator[CommandLine]:
    """Return every call of our programs that a page shows: at a prompt, indented, or within a line."""
    for block in (*blocks_of(page, "console"), *blocks_of(page, "sh"), *blocks_of(page, "bash")):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith(("$ ", "# ")):
                yield from _calls(line[2:], is_whole=True)
    prose = prose_of(page)
    for line in re.findall(r"^ {4}(?! )(.+)$", prose, re.MULTILINE):
        yield from _calls(line, is_whole=True)
    for span in _SPAN.findall(prose):
        yield from _calls(span.replace("\n", " "), is_whole=False)


def _calls(line: str, *, is_whole: bool) -> Iterator[CommandLine]:
    line = _SUBSTITUTION.sub(r" ; \1 ; ", line)
    try:
        words = shlex.split(line, comments=is_whole)
    except ValueError:
        return
    call: list[str] = []
    for word in [*words, ";"]:
        if word in _ENDS or word.endswith(";"):
            if word not in _ENDS:
                call.append(word[:-1])
            found = _call(call, is_whole=is_whole)
            if found is not None:
                yield found
            call = []
        else:
            call.append(word)


def _call(words: list[str], *, is_whole: bool) -> CommandLine | None:
    while words and (_ASSIGNMENT.fullmatch(words[0]) or words[0] in _BEFORE):
        words = words[1:]
    if "-m" in words and words[-1] != "-m" and words[words.index("-m") + 1] in PROGRAMS:
        # `docker compose exec collector python3 -m collector …`
        words = words[words.index("-m") + 1 :]
    if not words or Path(words[0]).name not in PROGRAMS or (len(words) == 1 and not is_whole):
        return None
    if "…" in words:
        words, is_whole = words[: words.index("…")], False
        if words[-1].startswith("-"):
            words = words[:-1]
    return CommandLine(words=(Path(words[0]).name, *words[1:]), is_whole=is_whole)
