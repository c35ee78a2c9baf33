"""What a tester says of a collector of another version: which side is to be upgraded."""

from typing import Any

import pytest

from tester.collector import Answer
from tester.meeting import doubt_about
from wire.versions import API_VERSION, REPORT_VERSION

NEWER, OLDER = API_VERSION + 1, API_VERSION - 1
SAME = {"api_version": API_VERSION, "api_versions": [API_VERSION]}


@pytest.mark.parametrize(
    ("body", "remedy"),
    [
        ({"api_version": NEWER, "api_versions": [NEWER]}, "install a tester of that collector's release"),
        (
            {"api_version": NEWER, "api_versions": [NEWER], "report_versions": [REPORT_VERSION + 1]},
            "install a tester of that collector's release",
        ),
        ({"api_version": OLDER, "api_versions": [OLDER]}, "upgrade the collector"),
        (
            {
                "api_version": API_VERSION,
                "api_versions": [API_VERSION],
                "report_versions": [REPORT_VERSION - 1],
            },
            "upgrade the collector",
        ),
        (SAME | {"report_versions": []}, "upgrade the collector"),
    ],
)
def test_the_older_side_is_to_be_upgraded(body: dict[str, Any], remedy: str) -> None:
    doubt = doubt_about(Answer(status=200, body=body), url="http://127.0.0.1:9")

    assert doubt is not None
    assert doubt.text.endswith(remedy)
