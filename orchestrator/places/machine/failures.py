"""What docker-machine's messages mean: a card for each of the common ones."""

import re
from dataclasses import dataclass

from orchestrator.events import printable
from orchestrator.places.machine.messages import KNOWN

LONGEST = 300
"""How many characters of a message are shown."""

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_PREFIXES = re.compile(
    r"^(?:Error creating machine: |Error in driver during machine creation: |Error running provisioning: "
    r"|Error with pre-create check: |Error checking the host: |Error removing host \"[^\"]*\": "
    r"|Error setting machine configuration from flags provided: |unable to create key pair: )+"
)
_SECRETS = (
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"(?i)\b((?:access|secret|api|private)[-_ ]?key|token|password|secret)\b(\s*[=:]\s*)\S+"),
    re.compile(r"(?i)\bauthorization:\s*\S+(?:\s+\S+)?"),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{40,}={0,2}(?![A-Za-z0-9+/=_-])"),
)
_ERROR = re.compile(r"[Ee]rror|[Uu]nable|[Ff]ailed|[Cc]annot|Invalid|already exists")
_ENCODED = re.compile(r"Encoded authorization failure message:\s*\S+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What happened, its likely cause, what to do next; `kind` is a word for programs, or empty."""

    what: str
    cause: str
    next_step: str
    code: str
    kind: str = ""


def card_of(output: str, *, driver: str, region: str) -> Card:
    """Return what a failure means; its cause ends with docker-machine's own words.

    The error at the end is read, and other lines of errors where that one is not known: what else
    it prints is about how far it was.
    """
    said = last_error(output)
    errors = "\n".join(line for line in output.splitlines() if _ERROR.search(line))
    for text in (said, errors):
        for known in KNOWN:
            if re.search(known.pattern, text):
                return Card(
                    what=_filled(known.what, driver=driver, region=region),
                    cause=_filled(known.cause, driver=driver, region=region)
                    + (f"; it said: {said}" if said else ""),
                    next_step=_filled(known.next_step, driver=driver, region=region),
                    code=known.code,
                    kind=known.kind,
                )
    return Card(
        what="docker-machine failed",
        cause=f"it said: {said}" if said else "it said nothing",
        next_step="",
        code="docker-machine-failed",
    )


def last_error(output: str) -> str:
    """Return docker-machine's own last words, without its prefixes, secrets and control characters."""
    lines = [line.strip() for line in _ANSI.sub("", output).splitlines()]
    errors = [index for index, line in enumerate(lines) if line.startswith(("Error", "error"))]
    if errors:
        # The SDK's errors go on over lines: `status code: 400, request id: …`.
        first = errors[-1]
        said = " ".join(line for line in lines[first : first + 4] if line)
    else:
        said = next((line for line in reversed(lines) if line), "")
    said = scrubbed(_PREFIXES.sub("", said))
    return said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"


def scrubbed(text: str) -> str:
    """Return a text without anything that looks like a secret or moves a cursor."""
    text = _ENCODED.sub("", _ANSI.sub("", text))
    for pattern in _SECRETS:
        text = pattern.sub(lambda found: "".join(found.groups()) + "…" if found.groups() else "…", text)
    return printable(text)


def _filled(text: str, *, driver: str, region: str) -> str:
    return text.replace("{region}", printable(region) or "the region").replace("{driver}", printable(driver))
