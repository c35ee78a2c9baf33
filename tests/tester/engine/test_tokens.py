"""The bytes of a probe: one checksum for a whole pass, and a token that is found again."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from tester.engine.tokens import checksum_of, head_of, tails_of, target_in

NONCES = st.binary(min_size=8, max_size=8)
NUMBERS = st.integers(0, 0xFFFF)


def ones_sum(packet: bytes) -> int:
    padded = packet + bytes(len(packet) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return int(total)


@given(
    nonce=NONCES,
    identifier=NUMBERS,
    round_number=st.integers(0, 99_999),
    target=st.integers(0, 300),
    padding=st.integers(0, 33),
)
def test_every_probe_of_a_pass_has_one_checksum(
    nonce: bytes, identifier: int, round_number: int, target: int, padding: int
) -> None:
    checksum = checksum_of(identifier=identifier, nonce=nonce)
    head = head_of(family=4, identifier=identifier, nonce=nonce, round_number=round_number, checksum=checksum)
    tail = tails_of(target + 1).tobytes()[-8:]

    assert ones_sum(head + tail + bytes(padding)) == 0xFFFF


@given(nonce=NONCES, target=st.integers(0, 300), more=st.binary(max_size=20))
def test_a_quoted_payload_names_its_target(nonce: bytes, target: int, more: bytes) -> None:
    packet = (
        head_of(family=6, identifier=1, nonce=nonce, round_number=3) + tails_of(target + 1).tobytes()[-8:]
    )

    assert target_in(packet[8:] + more, nonce=nonce) == target


@given(payload=st.binary(max_size=60))
def test_a_foreign_payload_names_none(payload: bytes) -> None:
    assert target_in(payload, nonce=b"\x00our own") is None or payload.startswith(b"\x00our own")
