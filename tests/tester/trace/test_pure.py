"""What a traceroute makes of packets, without any."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from tester.engine.packets import heard_datagram, heard_raw_v4, heard_raw_v6
from tester.trace.hops import MOST_HOPS, NO_ANSWER, PROBES_PER_HOP, Answer, trace_of
from tester.trace.requests import PER_TARGET, Probe, is_about, probe_of, request_of
from tester.trace.worst import MOST_WORST, rows_to_trace

NONCE = b"\x01\x02\x03\x04\x05\x06\x07\x08"
PROBES = st.builds(
    Probe,
    target=st.integers(0, 99),
    ttl=st.integers(1, MOST_HOPS),
    nth=st.integers(0, PROBES_PER_HOP - 1),
)
SERIES = st.lists(
    st.lists(st.sampled_from([-1, -2, -3]) | st.integers(0, 10**6), min_size=1, max_size=8), max_size=20
)


@given(PROBES)
def test_a_sequence_number_names_its_probe(probe: Probe) -> None:
    assert probe_of(probe.sequence) == probe
    assert probe.sequence < 100 * PER_TARGET < 65_536


@given(PROBES, PROBES)
def test_all_requests_of_a_flow_have_one_checksum(one: Probe, other: Probe) -> None:
    packets = [request_of(probe, family=4, identifier=7, nonce=NONCE) for probe in (one, other)]

    assert packets[0][2:4] == packets[1][2:4]
    total = sum(struct.unpack(f"!{len(packets[0]) // 2}H", packets[0]))
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF


@given(PROBES)
def test_a_quoted_header_alone_names_the_probe(probe: Probe) -> None:
    request = request_of(probe, family=4, identifier=7, nonce=NONCE)
    for size in (8, 12, len(request)):
        heard = heard_datagram(memoryview(request[:size]), "192.0.2.1", kind="time_exceeded")
        assert heard is not None
        assert is_about(heard, identifier=7, nonce=NONCE, targets=100) == probe


@given(PROBES)
def test_strangers_count_for_nothing(probe: Probe) -> None:
    request = request_of(probe, family=4, identifier=7, nonce=NONCE[::-1])
    heard = heard_datagram(memoryview(request), "192.0.2.1")
    assert heard is not None

    assert is_about(heard, identifier=7, nonce=NONCE, targets=100) is None
    assert is_about(heard._replace(identifier=8), identifier=7, nonce=NONCE[::-1], targets=100) is None
    assert is_about(heard, identifier=7, nonce=NONCE[::-1], targets=probe.target) is None


@given(st.binary(max_size=200))
def test_rubbish_breaks_nothing(packet: bytes) -> None:
    view = memoryview(packet)
    for heard in (heard_raw_v4(view, "192.0.2.1"), heard_raw_v6(view, "::1"), heard_datagram(view, "::1")):
        if heard is not None:
            is_about(heard, identifier=7, nonce=NONCE, targets=5)


def answer(ttl: int, kind: str, *, nth: int = 0, address: str = "") -> Answer:
    return Answer(ttl=ttl, nth=nth, address=address or f"192.0.2.{ttl}", kind=kind, rtt_us=ttl * 100)


def test_what_lies_beyond_the_server_is_left_out() -> None:
    found = trace_of("192.0.2.3", [answer(5, "reply"), answer(1, "time_exceeded"), answer(3, "reply")])

    assert found.reached
    assert [hop.ttl for hop in found.hops] == [1, 2, 3]
    assert found.hops[1].rtt_us == [NO_ANSWER] * PROBES_PER_HOP


def test_a_second_answer_to_a_probe_is_none() -> None:
    found = trace_of("x", [answer(1, "time_exceeded"), answer(1, "time_exceeded", address="192.0.2.99")])

    assert found.hops[0].addresses == ["192.0.2.1"]


def test_nothing_heard_is_no_hop() -> None:
    assert trace_of("x", []).hops == ()


@given(SERIES)
def test_the_worst_are_those_that_answer_least_and_then_latest(series: list[list[int]]) -> None:
    chosen = rows_to_trace(series, which="worst")

    def badness(row: int) -> tuple[float, int]:
        sent = [position for position in series[row] if position != -3]
        answers = sorted(position for position in sent if position >= 0)
        return (1 - len(answers) / len(sent), answers[len(answers) // 2] if answers else 0)

    probed = [row for row, positions in enumerate(series) if set(positions) != {-3}]
    assert len(chosen) == min(MOST_WORST, len(probed))
    assert set(chosen) <= set(probed)
    left = [badness(row) for row in probed if row not in chosen]
    assert all(badness(row) >= other for row in chosen for other in left)


@given(SERIES)
def test_off_is_none_and_all_is_all(series: list[list[int]]) -> None:
    assert rows_to_trace(series, which="off") == []
    assert len(rows_to_trace(series, which="all")) == sum(set(positions) != {-3} for positions in series)
