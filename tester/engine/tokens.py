"""The bytes of a probe whose checksum is the same for each round and each target (pure).

ICMP header 8 · nonce 8 · round 4 · ~round 4 · ~sequence 2 · zero 2 · target 4 · ~target 4 · padding.
Whatever varies stands beside its complement, so that a flow keeps its checksum and thereby its path.
The first 28 bytes are of a round, the next 8 of a target. Round and target are in the machine's own
byte order: nobody else reads them.
"""

import struct
from array import array

LEAST_BYTES = 28
"""A payload of at least this size has room for nonce, round and target."""
HEAD_BYTES, TAIL_BYTES = 28, 8
NONCE_AT, ROUND_AT, TARGET_AT = 8, 16, 28
_MOST = 0xFFFFFFFF


def echo_type(family: int) -> int:
    """Return the ICMP type of an echo request."""
    return 8 if family == 4 else 128


def head_of(*, family: int, identifier: int, nonce: bytes, round_number: int, checksum: int = 0) -> bytes:
    """Return what all probes of a round begin with."""
    sequence = round_number & 0xFFFF
    header = struct.pack("!BBHHH", echo_type(family), 0, checksum, identifier, sequence)
    balance = struct.pack("!HH", sequence ^ 0xFFFF, 0)
    return header + nonce + struct.pack("=II", round_number, round_number ^ _MOST) + balance


def tails_of(width: int) -> "array[int]":
    """Return the tokens of targets 0 to `width` - 1, each with its complement."""
    tails = array("I", bytes(4)) * (2 * width)
    tails[0::2] = array("I", range(width))
    tails[1::2] = array("I", range(_MOST, _MOST - width, -1))
    return tails


def checksum_of(*, identifier: int, nonce: bytes) -> int:
    """Return the checksum of every IPv4 probe of a pass (RFC 1071), whatever its round and target."""
    packet = head_of(family=4, identifier=identifier, nonce=nonce, round_number=0) + tails_of(1).tobytes()
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return int(total ^ 0xFFFF)


def target_in(payload: bytes, *, nonce: bytes) -> int | None:
    """Return the target that a payload names, None where it is not of this pass."""
    if len(payload) < LEAST_BYTES or payload[:8] != nonce:
        return None
    target: int
    complement: int
    target, complement = struct.unpack_from("=II", payload, TARGET_AT - 8)
    return target if target ^ complement == _MOST else None
