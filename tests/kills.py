"""How many processes the tests have killed: each that kills says so by the property `kills`."""

import pytest

KILLS = "kills"
AT_LEAST = 60
"""What a whole run of the tests kills."""


def kills_in(config: pytest.Config) -> int | None:
    """Return how many processes were killed, None where no test did that."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    passed = [] if reporter is None else reporter.stats.get("passed", [])
    counts = [int(value) for report in passed for name, value in report.user_properties if name == KILLS]
    return sum(counts) if counts else None
