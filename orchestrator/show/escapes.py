"""Names of strangers, made safe to print."""

import unicodedata

from rich.cells import cell_len, set_cell_size

UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that move the cursor, turn the text's direction or show nothing."""

RIGHT_TO_LEFT = frozenset({"R", "AL"})
LEFT_TO_RIGHT_MARK = "\u200e"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def shown(text: object) -> str:
    """Return `text` on one line, every control or direction character written out as an escape.

    A text with right-to-left letters is closed by a mark, so that it does not turn around what
    stands beside it.
    """
    plain = str(text)
    if plain.isascii() and plain.isprintable():
        return plain
    safe = "".join(_escaped(letter) if unicodedata.category(letter) in UNSAFE else letter for letter in plain)
    turned = any(unicodedata.bidirectional(letter) in RIGHT_TO_LEFT for letter in safe)
    return safe + LEFT_TO_RIGHT_MARK if turned else safe


def width_of(text: str) -> int:
    """Return how many columns of a terminal `text` takes."""
    return cell_len(text)


def cut(text: str, width: int) -> str:
    """Return `text` in at most `width` columns; the middle gives way, because names differ at their ends."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    tail = (width - 1) // 2
    end = text[len(text) - tail :] if tail else ""
    while cell_len(end) > tail:
        end = end[1:]
    return set_cell_size(text, width - 1 - cell_len(end)) + "…" + end


def defused(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return "'" + text if text.lstrip().startswith(FORMULA_STARTS) else text


def _escaped(letter: str) -> str:
    code = ord(letter)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
