"""Strict reading: one error or many, each at its place; nothing is let through by accident."""

import json
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from entrepot.kernel.reading import convert, parse, read
from entrepot.kernel.refusals import Invalid, Unparsable


class Round(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="round"):
    radius: Annotated[int, Meta(gt=0)]


class Square(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="sq"):
    side: Annotated[int, Meta(gt=0)]


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1)]
    shapes: dict[str, Round | Square]
    pairs: list[tuple[int, str]] = []
    day: date | None = None
    mood: Literal["good", "bad"] = "good"
    maybe: list[int] | None = None


def errors(document: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read(json.dumps(document), Plan)
    return [(error.path, error.code) for error in caught.value.errors]


def test_what_fits_is_read() -> None:
    plan = read(b'{"name":"a","shapes":{"x":{"kind":"sq","side":2}},"day":"2026-11-22"}', Plan)
    assert plan == Plan("a", {"x": Square(2)}, day=date(2026, 11, 22))


def test_every_error_has_its_place() -> None:
    document = {
        "name": "",
        "shapes": {
            "a": {"kind": "round", "radius": 0},
            "b": {"kind": "oval"},
            "c": {"kind": "sq", "side": 1, "radius": 2},
            "d": {"kind": "sq"},
            "e": 5,
        },
        "pairs": [[1, "x"], ["1", 2], [1]],
        "day": "tomorrow",
        "mood": "ugly",
        "maybe": [1, None],
        "more": 1,
    }
    assert errors(document) == [
        ("name", "out_of_range"),
        ("shapes.a.radius", "out_of_range"),
        ("shapes.b.kind", "bad_value"),
        ("shapes.c.radius", "unknown_field"),
        ("shapes.d.side", "missing"),
        ("shapes.e", "wrong_type"),
        ("pairs[1][0]", "wrong_type"),
        ("pairs[1][1]", "wrong_type"),
        ("pairs[2]", "out_of_range"),
        ("day", "bad_value"),
        ("mood", "bad_value"),
        ("maybe[1]", "wrong_type"),
        ("more", "unknown_field"),
    ]


@pytest.mark.parametrize("text", ["1.0", "1.5", "1e3", "-0.0", "NaN", "Infinity", "true", '"1"'])
def test_only_whole_numbers_are_whole_numbers(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(f'{{"name":"a","shapes":{{"x":{{"kind":"sq","side":{text}}}}}}}', Plan)
    assert [error.path for error in caught.value.errors] == ["shapes.x.side"]


def test_a_key_that_stands_twice_is_found_at_any_depth() -> None:
    with pytest.raises(Invalid) as caught:
        read(b'{"name":"a","name":"b","shapes":{"x":{"kind":"sq","side":1,"side":2}}}', Plan)
    assert [(error.path, error.code) for error in caught.value.errors] == [
        ("name", "duplicate_key"),
        ("shapes.x.side", "duplicate_key"),
    ]


@pytest.mark.parametrize("raw", [b"", b"{", b"[1", b"\xff", b"[" * 200_000, "9" * 5000, b"{'a':1}"])
def test_no_json(raw: bytes | str) -> None:
    with pytest.raises(Unparsable):
        parse(raw)


def test_a_hopeless_document_is_cut_off() -> None:
    with pytest.raises(Invalid) as caught:
        convert({"name": "a", "shapes": {str(i): 1 for i in range(5000)}}, Plan)
    assert len(caught.value.errors) == 1000


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@given(anything)
def test_reads_or_refuses_and_nothing_else(document: Any) -> None:
    """The slow path must agree with msgspec: refused exactly when it refuses, with a reason."""
    try:
        msgspec.convert(document, Plan)
        fits = True
    except msgspec.ValidationError:
        fits = False
    if fits:
        assert convert(document, Plan) == msgspec.convert(document, Plan)
    else:
        with pytest.raises(Invalid) as caught:
            convert(document, Plan)
        assert caught.value.errors
