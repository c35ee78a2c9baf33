"""What a scrape says, as series with values."""

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

OPENMETRICS = "application/openmetrics-text; version=1.0.0"

Series = tuple[str, frozenset[tuple[str, str]]]


def series(name: str, **labels: str) -> Series:
    """Return the key of a series."""
    return name, frozenset(labels.items())


def values_in(text: str, *, openmetrics: bool = False) -> dict[Series, float]:
    """Return the value of each series; no series may be there twice."""
    read = openmetrics_families if openmetrics else text_string_to_metric_families
    found: dict[Series, float] = {}
    for family in read(text):
        for sample in family.samples:
            key = series(sample.name, **sample.labels)
            assert key not in found, key
            found[key] = sample.value
    return found


def scraped(client: TestClient, *, openmetrics: bool = False) -> dict[Series, float]:
    """Return what a collector says now."""
    answer = client.get("/metrics", headers={"Accept": OPENMETRICS} if openmetrics else {})
    assert answer.status_code == 200, answer.text
    return values_in(answer.text, openmetrics=openmetrics)


def named(found: dict[Series, float], prefix: str) -> dict[Series, float]:
    """Return the series whose name begins so."""
    return {key: value for key, value in found.items() if key[0].startswith(prefix)}
