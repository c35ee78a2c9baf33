"""The application does what /openapi.json says: every operation, with data that fit and data that do not."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from collector.app import create_app
from collector.session import engine_of
from collector.settings import Settings
from tests.collector.a_collector import ADMIN_TOKEN, Collector, a_report, register
from tests.collector.test_roles import TABLE, TESTERS, House, sent
from tests.conftest import SEED

EXAMPLES = 2
"""Of each operation, of data that fit and of data that do not.

The first is the simplest, whatever chance says."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """A collector whose streams end at once, its description, and what was answered with success."""

    house: House
    schema: Any
    answered: Counter[tuple[str, str]]

    def operations(self) -> Iterator[Any]:
        for found in self.schema.get_all_operations():
            yield found.ok()

    def names(self) -> dict[str, Any]:
        """Return values that are known here, by the name of a parameter."""
        collector = self.house.collector
        return {
            "run_id": str(self.house.report.run_id),
            "sweep_id": str(self.house.report.sweep_id),
            "tester_id": str(collector.tester_id),
            "fleet_id": str(collector.fleet_id),
            "number": 1,
            "fleet": "edge",
            "tester": "oslo",
            "server": "server0",
        }

    def send(self, case: Any, *, known: bool) -> None:
        ends_it = case.operation.path.endswith(("/retire", "/revoke-tokens", "/rotate-token", "/revoke"))
        if known and not ends_it:
            for given_names in (case.path_parameters, case.query):
                for name in set(given_names or {}) & set(self.names()):
                    given_names[name] = self.names()[name]
        prepared = requests.Request(**case.as_transport_kwargs("http://testserver")).prepare()
        key = (case.operation.method.upper(), case.operation.path)
        headers = dict(prepared.headers) | (
            self.house.collector.tester if key in TESTERS else self.house.collector.admin
        )
        answer = self.house.collector.client.request(
            str(prepared.method), str(prepared.url), content=prepared.body, headers=headers
        )
        self.check(case, answer)

    def check(self, case: Any, answer: Any) -> None:
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code < 300:
            self.answered[case.operation.method.upper(), case.operation.path] += 1


@pytest.fixture
def described(database_url: str) -> Iterator[Described]:
    engine = engine_of(database_url)
    settings = Settings(database_url=database_url, admin_token=ADMIN_TOKEN, legacy_tester="old")
    app = create_app(settings, engine=engine)
    with TestClient(app, raise_server_exceptions=False) as client:
        # Event streams end after their first words.
        app.state.services.stopping.set()
        fleet_id, tester_id = register(client)
        collector = Collector(
            client=client, engine=engine, database_url=database_url, fleet_id=fleet_id, tester_id=tester_id
        )
        report = a_report(tester_id)
        house = House(collector=collector, headers={}, report=report)
        client.put(
            f"/api/v1/sweeps/{report.sweep_id}",
            json={"fleet_id": str(fleet_id), "spec": {}, "started_at": "2026-11-20T00:00:00Z"},
            headers=collector.admin,
        )
        assert collector.deliver(report).status_code == 201
        schema = schemathesis.openapi.from_dict(app.openapi())
        yield Described(house=house, schema=schema, answered=Counter())
    engine.dispose()


def test_every_operation_answers_as_it_is_described(described: Described) -> None:
    # First of all: chance may give names and tokens to others.
    _succeed(described)
    strategies = {
        (mode, operation.label): operation.as_strategy(generation_mode=mode)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        for operation in described.operations()
        # What has no parameter and no body cannot be asked wrongly.
        if mode is GenerationMode.POSITIVE or operation.path_parameters or operation.query or operation.body
    }
    failures: list[str] = []
    for strategy in strategies.values():

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy, known=st.booleans())
        def ask(case: Any, known: bool) -> None:
            described.send(case, known=known)

        try:
            ask()
        except Unsatisfiable:
            # Every value fits: a header of any text, a parameter that has no wrong form.
            continue
        except BaseExceptionGroup as group:
            failures.append(str(group.exceptions))
        except AssertionError as error:
            failures.append(str(error))
    assert not failures, "\n\n".join(failures)
    every = {(operation.method.upper(), operation.path) for operation in described.operations()}
    assert every - set(described.answered) == set()
    assert len(every) >= 30


def _succeed(described: Described) -> None:
    """Ask everything as it should be asked; what chance does not find is found so."""
    operations = {(each.method.upper(), each.path): each for each in described.operations()}
    collector = described.house.collector
    for method, path, _, make in TABLE:
        if (method, path) not in operations:
            continue
        headers = collector.tester if (method, path) in TESTERS else collector.admin
        answer = sent(described.house, method, make(described.house), headers=headers)
        case = operations[method, path].Case(path_parameters=described.names())
        described.check(case, answer)
    events = collector.client.get("/api/v1/events", params={"after": "0"}, headers=collector.admin)
    assert events.text.startswith("retry:")
    described.check(operations["GET", "/api/v1/events"].Case(), events)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE", "TRACE"])
def test_other_methods_are_answered_sanely_on_every_path(described: Described, method: str) -> None:
    client, names = described.house.collector.client, described.names()
    for path in described.schema.raw_schema["paths"]:
        of_path = {each.upper() for each in described.schema.raw_schema["paths"][path]}
        answer = client.request(method, path.format(**names), headers=described.house.collector.admin)

        if method == "HEAD" and "GET" in of_path:
            asked = client.get(path.format(**names), headers=described.house.collector.admin)
            assert (answer.status_code, answer.content) == (asked.status_code, b""), path
            assert answer.headers["content-type"] == asked.headers["content-type"], path
        else:
            assert answer.status_code == 405, path
            allowed = set(answer.headers["allow"].split(", "))
            assert of_path <= allowed, path
            assert ("HEAD" in allowed) == ("GET" in of_path), path
            assert method == "HEAD" or answer.json()["error"] == "method_not_allowed", path


def test_a_path_that_is_not_there_is_not_found_whatever_the_method(described: Described) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "PUT"):
        answer = described.house.collector.client.request(method, f"/api/v1/{uuid4()}")
        assert answer.status_code == 404


def test_no_answer_is_guessed_at_or_kept(described: Described) -> None:
    client = described.house.collector.client
    for path in ("/healthz", "/api/v1/fleets", "/nowhere", "/api/v1/tokens"):
        answer = client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["cache-control"] == "no-store", path
