import hashlib
import re
from pathlib import Path
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.act import identity
from orchestrator.act.identity import (
    digest_of_token,
    is_told,
    new_host_name,
    note_told,
    token_of,
)

FLEET_ID = UUID("7d444840-9dc0-41d1-b245-5ffdce74fad2")


@given(fleet=st.text(min_size=1, max_size=120), tester=st.text(min_size=1, max_size=120))
def test_a_host_name_is_a_host_name_and_tells_whose_it_is(fleet: str, tester: str) -> None:
    name = new_host_name(fleet=fleet, tester=tester, fleet_id=FLEET_ID)
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*)-7d444840-[0-9a-f]{4}", name)
    assert len(name) <= 63


def test_a_host_name_holds_fleet_and_tester_where_they_fit() -> None:
    name = new_host_name(fleet="Mill", tester="us_east.1", fleet_id=FLEET_ID)
    assert name.startswith("mill-us-east-1-7d444840-")


def test_a_testers_uuid_is_the_same_wherever_it_is_computed() -> None:
    assert identity.tester_id_of(fleet_id=FLEET_ID, tester="a") == identity.tester_id_of(
        fleet_id=FLEET_ID, tester="a"
    )
    assert identity.tester_id_of(fleet_id=FLEET_ID, tester="a") != identity.tester_id_of(
        fleet_id=FLEET_ID, tester="b"
    )


def test_a_token_is_minted_once_and_for_its_owner_only(tmp_path: Path) -> None:
    token = token_of(tmp_path, tester_id=FLEET_ID)
    assert len(token) >= 43
    assert token_of(tmp_path, tester_id=FLEET_ID) == token
    assert (tmp_path / str(FLEET_ID)).stat().st_mode & 0o777 == 0o600


def test_the_collector_keeps_a_tokens_sha256() -> None:
    assert digest_of_token("abc") == hashlib.sha256(b"abc").hexdigest()


def test_who_was_told_a_token_is_remembered_by_url(tmp_path: Path) -> None:
    assert not is_told(tmp_path, tester_id=FLEET_ID, url="http://one")
    note_told(tmp_path, tester_id=FLEET_ID, url="http://one")
    assert is_told(tmp_path, tester_id=FLEET_ID, url="http://one")
    assert not is_told(tmp_path, tester_id=FLEET_ID, url="http://two")
