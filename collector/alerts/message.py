"""What is told, in words and as data (pure)."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from collector.alerts.machine import Change, Told
from wire.fields import time_text

MOST_LINES = 20
LONGEST_LINE = 400
LOUD = re.compile(r"@(?=(?:channel|here|all|everyone)\b)", re.IGNORECASE)
HIDDEN = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
"""Characters that nobody sees, and some that turn the text around them."""

Message = dict[str, Any]


def message_of(
    told: Sequence[Told],
    *,
    key: UUID,
    rule: str,
    fleet: str,
    at: datetime,
    sweep_id: UUID,
    round_number: int | None,
) -> Message:
    """Return what a rule tells of one occasion, as JSON has it; `text` says it in words."""
    things: dict[tuple[Change, str, str], dict[str, Any]] = {}
    for one in sorted(told, key=_order):
        seen = one.observation
        thing = things.setdefault(
            (one.change, seen.scope, seen.key),
            {
                "status": one.change.value,
                "findings": [],
                "scope": seen.scope,
                "key": seen.key,
                "label": seen.label,
                "since": time_text(one.since),
                "sentence": seen.sentence,
            },
        )
        thing["findings"].append(seen.finding.value)
    alerts = list(things.values())
    statuses = {alert["status"] for alert in alerts}
    return {
        "version": 1,
        "id": str(key),
        "rule": rule,
        "fleet": fleet,
        "sweep_id": str(sweep_id),
        "round": round_number,
        "at": time_text(at),
        "status": statuses.pop() if len(statuses) == 1 else "mixed",
        "alerts": alerts,
        "text": text_of(alerts, rule=rule, fleet=fleet),
    }


def trial_message(*, key: UUID, now: datetime) -> Message:
    """Return what is sent to see whether it arrives."""
    text = "This is a test of the collector's alerts. Nothing is wrong."
    return {"version": 1, "id": str(key), "at": time_text(now), "status": "test", "alerts": [], "text": text}


def text_of(alerts: Sequence[dict[str, Any]], *, rule: str, fleet: str) -> str:
    """Return a line for the whole and one for each thing, without a character that hides or turns text."""
    counts = [
        f"{count} {word}" for word in Change if (count := sum(alert["status"] == word for alert in alerts))
    ]
    lines = [plain(f"{fleet}: {', '.join(counts)} (rule {rule})")]
    lines += [plain(_line(alert)) for alert in alerts[:MOST_LINES]]
    if len(alerts) > MOST_LINES:
        lines.append(f"… and {len(alerts) - MOST_LINES} more")
    return "\n".join(lines)


def plain(text: str) -> str:
    """Return one line in which every character is seen."""
    seen = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(each) in HIDDEN else each for each in text
    )
    return seen if len(seen) <= LONGEST_LINE else f"{seen[: LONGEST_LINE - 1]}…"


def slack_body(message: Message) -> dict[str, Any]:
    """Return what Slack, and what understands the same, is sent: text in which no name is markup."""
    text = str(message["text"])
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(mark, entity)
    # Slack asks for `<!channel>`, others for the word alone.
    return {"text": LOUD.sub("@\N{ZERO WIDTH SPACE}", text), "mrkdwn": False}


def _line(alert: dict[str, Any]) -> str:
    if alert["status"] == Change.BAD:
        return f"• {alert['sentence']}"
    findings = " and ".join(finding.replace("_", " ") for finding in alert["findings"])
    return f"✓ no longer {findings}, which it was since {alert['since'][:16]}Z: {alert['sentence']}"


def _order(told: Told) -> tuple[bool, str, str, str]:
    seen = told.observation
    return told.change is not Change.BAD, seen.scope, seen.key, seen.finding


def first_line(message: Message) -> str:
    """Return the line for the whole."""
    return str(message["text"]).partition("\n")[0]
