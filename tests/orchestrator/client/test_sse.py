from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.collector_client.sse import EventTooLarge, SentEvent, SentEvents


def read(*chunks: bytes, last_id: str = "") -> tuple[list[SentEvent], SentEvents]:
    stream = SentEvents(last_id=last_id)
    return [event for chunk in chunks for event in stream.read(chunk)], stream


def by_the_letter(raw: bytes, *, last_id: str = "") -> tuple[list[SentEvent], str, int | None]:
    """Return what the standard makes of a whole stream, told as the standard tells it."""
    text = raw.decode("utf-8", errors="replace").removeprefix("\ufeff")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # What stands behind the last line end is no line, and what no empty line has ended no event.
    lines = text.split("\n")[:-1]
    found, data, kind, buffered, retry = [], "", "", last_id, None
    for line in lines:
        if line == "":
            last_id = buffered
            if data == "":
                kind = ""
                continue
            found.append(SentEvent(id=last_id, kind=kind or "message", data=data[:-1]))
            data = kind = ""
        elif line[0] != ":":
            field, value = line, ""
            if ":" in line:
                field, value = line[: line.index(":")], line[line.index(":") + 1 :]
                if value[:1] == " ":
                    value = value[1:]
            if field == "event":
                kind = value
            elif field == "data":
                data += value + "\n"
            elif field == "id":
                if "\0" not in value:
                    buffered = value
            elif field == "retry" and value and all(letter in "0123456789" for letter in value):
                retry = int(value)
    return found, last_id, retry


PIECES = (
    *(b"\r\n", b"\n", b"\r", b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r"),
    *(
        b"data",
        b"data:",
        b"data: ",
        b"data:x",
        b"data:  y",
        b"id: 7",
        b"id:",
        b"id: 8\0",
        b"id",
        b"event: run",
    ),
    *(b"event:", b"retry: 250", b"retry: -1", b"retry:", "retry: ٣".encode(), b": alive", b":", b"Data: z"),
    *(b"\xef\xbb\xbf", b"\xff\xfe", "é".encode(), "é".encode()[:1], b"\0", b" ", b":"),
)


@given(
    pieces=st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=30),
    cuts=st.lists(st.integers(0, 200), max_size=12),
    last_id=st.sampled_from(["", "5"]),
)
def test_a_stream_cut_anywhere_is_read_as_the_standard_reads_it_whole(
    pieces: list[bytes], cuts: list[int], last_id: str
) -> None:
    raw = b"".join(pieces)
    places = sorted({0, len(raw), *(min(cut, len(raw)) for cut in cuts)})

    found, stream = read(*(raw[start:end] for start, end in pairwise(places)), last_id=last_id)

    assert (found, stream.last_id, stream.retry_ms) == by_the_letter(raw, last_id=last_id)


def test_an_event_has_an_id_a_kind_and_all_its_data() -> None:
    found, stream = read(b": hello\nretry: 2000\n\nid: 8\nevent: run.reported\ndata: a\ndata: b\n\n")

    assert found == [SentEvent(id="8", kind="run.reported", data="a\nb")]
    assert (stream.last_id, stream.retry_ms) == ("8", 2000)


def test_an_event_that_was_cut_off_is_none_and_its_id_does_not_count() -> None:
    found, stream = read(b"id: 1\ndata: a\n\nid: 2\ndata: b\r")

    assert [event.id for event in found] == ["1"]
    assert stream.last_id == "1"


def test_an_event_is_there_with_its_last_byte() -> None:
    # A CR ends a line by itself: nobody waits for the LF that may follow.
    stream = SentEvents()
    assert [stream.read(b"data: a\r\r"), stream.read(b"\ndata: b\r\n\r"), stream.read(b"\n")] == [
        [SentEvent(id="", kind="message", data="a")],
        [SentEvent(id="", kind="message", data="b")],
        [],
    ]


def test_a_byte_order_mark_belongs_to_no_field_however_it_is_cut() -> None:
    found, _ = read(b"\xef", b"\xbb", b"\xbfid: 3\ndata: a\n\n")

    assert found == [SentEvent(id="3", kind="message", data="a")]


@pytest.mark.parametrize("endless", [b"data: x\n", b"x"])
def test_an_event_without_an_end_is_refused_before_it_fills_the_memory(endless: bytes) -> None:
    stream = SentEvents(most_bytes=1000)
    for _ in range(900 // len(endless)):
        assert stream.read(endless) == []

    with pytest.raises(EventTooLarge):
        stream.read(endless * 200)


def test_signs_of_life_are_no_part_of_an_event() -> None:
    stream = SentEvents(most_bytes=100)

    for _ in range(1000):
        assert stream.read(b": alive\n\n") == []
