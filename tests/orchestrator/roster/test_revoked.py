"""A tester whose token was revoked at the collector gets a new one when its fleet is registered again."""

import urllib.error
import urllib.request
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from orchestrator.act.identity import token_of
from orchestrator.act.journal import FleetRecord
from orchestrator.act.register import register
from orchestrator.act.state import FleetState
from orchestrator.fleet.file import read_fleet
from wire.announce import Heartbeat


def sent(url: str, *, user: object, token: str, body: bytes = b"{}") -> int:
    credentials = b64encode(f"{user}:{token}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, data=body, method="POST", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("joined", [False, True])
def test_a_revoked_token_is_replaced_by_a_new_one(served: Any, tmp_path: Path, joined: bool) -> None:
    name = f"mill-{joined}"
    fleet = read_fleet(
        None, text=f"version: 1\nname: {name}\ntesters: [{{name: oslo}}, {{name: rome}}]", environment={}
    )
    record = FleetRecord(
        fleet_id=uuid4(),
        name=name,
        created_at=datetime.now(UTC),
        spec=fleet.to_spec(),
        source="fleet.yaml",
        joined=joined,
    )
    state = FleetState(name=name, directory=tmp_path)
    state.tokens.mkdir()

    def beats(tester_id: UUID, token: str) -> int:
        body = Heartbeat(tester_id=tester_id, state="waiting").to_bytes()
        return sent(f"{served.url}/api/v1/heartbeats", user=tester_id, token=token, body=body)

    with served.client() as client:
        ids = register(fleet, record, state=state, client=client, who="me@here")
        before = {each: token_of(state.tokens, tester_id=ids[each]) for each in ids}
        assert [beats(ids[each], before[each]) for each in ids] == [204, 204]
        revoke = f"{served.url}/api/v1/testers/{ids['oslo']}/revoke-tokens"
        assert sent(revoke, user="admin", token=served.admin_token) == 200
        assert beats(ids["oslo"], before["oslo"]) == 401

        again = register(fleet, record, state=state, client=client, who="me@here")
        after = {each: token_of(state.tokens, tester_id=ids[each]) for each in ids}
        # Once told, the new one stays.
        assert register(fleet, record, state=state, client=client, who="me@here") == again == ids
        assert {each: token_of(state.tokens, tester_id=ids[each]) for each in ids} == after

    assert after["oslo"] != before["oslo"]
    assert after["rome"] == before["rome"]
    assert [beats(ids[each], after[each]) for each in ids] == [204, 204]
    assert beats(ids["oslo"], before["oslo"]) == 401
    assert (state.tokens / str(ids["oslo"])).stat().st_mode & 0o777 == 0o600
