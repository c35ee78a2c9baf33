"""Long lists of integers are read as msgspec reads them, only sooner."""

import json

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.ingest.numbers import READ_AT_A_TIME, whole_numbers
from collector.ingest.positions import tables
from wire.errors import WireError

LEAST, MOST = -3, 600_000_000


def read(text: bytes) -> list[int] | None:
    try:
        return list(map(int, whole_numbers("rtt_us", text, least=LEAST, most=MOST)))
    except (msgspec.DecodeError, WireError):
        return None


def read_plainly(text: bytes) -> list[int] | None:
    try:
        values = msgspec.json.decode(text, type=list[int])
    except msgspec.DecodeError:
        return None
    return values if all(LEAST <= value <= MOST for value in values) else None


@given(
    st.lists(st.integers(min_value=LEAST - 2, max_value=MOST + 2)),
    st.sampled_from([(",", ":"), (", ", ":"), (" ,\n", ":")]),
)
def test_lists_are_read_however_they_are_written(values: list[int], separators: tuple[str, str]) -> None:
    text = json.dumps(values, separators=separators).encode()
    assert read(text) == read_plainly(text)


@given(st.text(alphabet="0123456789,,--+. eE[]nulxtr\"'\v\f\t\0", max_size=12))
@example("0")
@example("-0")
@example("01")
@example("1,007")
@example("1,-07")
@example("00")
@example("1,")
@example(",1")
@example("1,,2")
@example("--1")
@example("1-2")
@example("-")
@example("-,1")
@example("1, ,2")
@example("1,\v,2")
@example("1,\0,2")
@example("1,2\0")
@example("0,-0")
@example("9223372036854775808")
@example("-9223372036854775808")
@example("9999999999999999999")
@example("+1")
@example("1.0")
@example("1.5")
@example("1e3")
@example("0x1F")
@example("9" * 30)
@example("-" + "9" * 30)
@example("[1],[2]")
@example("null")
def test_what_stands_between_the_brackets_is_taken_as_json_takes_it(inner: str) -> None:
    text = f"[{inner}]".encode()
    assert read(text) == read_plainly(text)


@pytest.mark.parametrize("separator", [",", ", "])
def test_a_list_of_several_parts_is_whole(separator: str) -> None:
    values = [number % 1_000_000 for number in range(READ_AT_A_TIME // 3)]
    text = f"[{separator.join(map(str, values))}]".encode()
    assert len(text) > 2 * READ_AT_A_TIME
    assert read(text) == values


@pytest.mark.parametrize("rubbish", ["", "x", '"', "]", "1.5", "9" * 2 * READ_AT_A_TIME])
@pytest.mark.parametrize("place", [0, READ_AT_A_TIME, 2 * READ_AT_A_TIME])
def test_rubbish_in_any_part_is_refused(rubbish: str, place: int) -> None:
    values = ["1"] * (2 * READ_AT_A_TIME)
    values.insert(place, rubbish)
    assert read(f"[{','.join(values)}]".encode()) is None


@given(st.lists(st.lists(st.integers(min_value=LEAST, max_value=9), max_size=4), max_size=8))
def test_every_position_stands_in_the_table_of_its_row(rows: list[list[int]]) -> None:
    planned = np.array([len(row) for row in rows], dtype=np.int32)
    flat = np.array([value for row in rows for value in row], dtype=np.int32)
    found = {
        int(number): column.tolist()
        for numbers, table in tables(planned, flat)
        for number, column in zip(numbers, table.T, strict=True)
    }
    assert found == {number: row for number, row in enumerate(rows) if row}
