"""Every family of /metrics is documented, and none that there is not."""

import re
from pathlib import Path

from collector.metrics.latest_runs import LatestRuns
from collector.metrics.own import OwnMetrics
from collector.metrics.page import PLAIN, page

PAGE = Path(__file__).parent.parent.parent / "docs" / "metrics.md"


def test_every_family_of_metrics_is_documented_with_its_type() -> None:
    nothing = LatestRuns(runs=(), servers={}, not_rolled_up=0)
    text = b"".join(page(OwnMetrics(), nothing, version="1", database="sqlite", content_type=PLAIN)).decode()
    there = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))

    written = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `((?:ping|collector)_\w+)` \| ([^|]+) \|", written, re.MULTILINE)

    assert {name for name, _ in rows} == set(there)
    assert {name: kind for name, kind in rows if name.startswith("collector_")} == {
        name: kind for name, kind in there.items() if name.startswith("collector_")
    }
    assert {kind for name, kind in there.items() if name.startswith("ping_")} == {"gauge"}
