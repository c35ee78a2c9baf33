"""The bytes of echo requests and of what comes back."""

from tester.engine.packets import heard_datagram, heard_raw_v4, heard_raw_v6, number_in, payload_of


def test_rubbish_on_the_wire_is_nothing() -> None:
    for size in range(60):
        packet = memoryview(b"\x45" + bytes(size))
        assert heard_raw_v4(packet[:size], "127.0.0.1") is None or size >= 28
        heard_raw_v6(memoryview(b"\x01" + bytes(size)), "::1")
        heard_datagram(packet[:size], "127.0.0.1")


def test_a_payload_says_whose_it_is() -> None:
    nonce = b"12345678"
    assert number_in(payload_of(nonce=nonce, number=70_000, size=56), nonce=nonce) == 70_000
    assert number_in(payload_of(nonce=nonce, number=1, size=56), nonce=b"87654321") is None
    assert len(payload_of(nonce=nonce, number=1, size=3)) == 3
