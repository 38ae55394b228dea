"""Strict reading: every problem at once, with its place."""

from typing import Annotated

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.kernel.refusals import Invalid, Refusal, Unparsable
from entrepot.platform.documents import convert, decode_json


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=5)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1000)]


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reference: str
    lines: Annotated[list[Line], msgspec.Meta(min_length=1)]
    note: str | None = None
    first: Line | None = None


def faults(body: bytes) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        decode_json(body, Order)
    return {error.path: error.code for error in caught.value.errors}


def test_every_problem_is_named_at_once() -> None:
    body = b"""{"referense":"x","lines":[{"sku":"","quantity":0},{"sku":"abc","quantity":1.5,
      "colour":1},{"quantity":true}],"note":7,"first":{"sku":"toolong","quantity":2}}"""
    assert faults(body) == {
        "referense": "unknown_field",
        "reference": "missing",
        "lines[0].sku": "out_of_range",
        "lines[0].quantity": "out_of_range",
        "lines[1].colour": "unknown_field",
        "lines[1].quantity": "wrong_type",
        "lines[2].sku": "missing",
        "lines[2].quantity": "wrong_type",
        "note": "wrong_type",
        "first.sku": "out_of_range",
    }


def test_wrong_whole_document_and_empty_list() -> None:
    assert faults(b"[]") == {"": "wrong_type"}
    assert faults(b'{"reference":"a","lines":[]}') == {"lines": "out_of_range"}


def test_numbers_without_end_are_named_with_all_else() -> None:
    body = b'{"lines":[{"sku":"a","quantity":NaN},{"sku":"","quantity":1e400}],"note":-Infinity}'
    assert faults(body) == {
        "reference": "missing", "lines[0].quantity": "not_finite", "lines[1].sku": "out_of_range",
        "lines[1].quantity": "not_finite", "note": "not_finite",
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"reference":"a",}',
        b"nul",
        b"[" * 5000,
        b'{"reference":' + b"[" * 800 + b"]" * 800 + b"}",
        b'{"reference":' + b"[" * 800 + b"NaN" + b"]" * 800 + b"}",
    ],
)
def test_what_is_no_json_is_400(body: bytes) -> None:
    with pytest.raises(Unparsable):
        decode_json(body, Order)


@pytest.mark.parametrize("text", [b"a\\u0000b", b"\\u0000", b"x\\ud800y", b"\\udfff"])
def test_nul_and_half_characters_are_refused(text: bytes) -> None:
    body = b'{"reference":"' + text + b'","lines":[{"sku":"a","quantity":1}]}'
    with pytest.raises(Refusal) as caught:
        decode_json(body, Order)
    assert caught.value.status in (400, 422)


def test_whole_pairs_are_kept() -> None:
    body = '{"reference":"\\ud83d\\ude00 𠀀","lines":[{"sku":"a","quantity":1}]}'.encode()
    assert decode_json(body, Order).reference == "😀 𠀀"


def test_forms_convert_from_text() -> None:
    assert convert({"sku": "a", "quantity": "3"}, Line, strict=False) == Line("a", 3)
    with pytest.raises(Invalid):
        convert({"sku": "a", "quantity": "3x"}, Line, strict=False)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["reference", "lines", "sku", "quantity", "x"]), inner)
    ),
    max_leaves=12,
)


@given(_json)
@settings(max_examples=300)
def test_nothing_but_refusals_comes_out(document: object) -> None:
    body = msgspec.json.encode(document)
    try:
        order = decode_json(body, Order)
    except Refusal as refusal:
        assert refusal.errors or isinstance(refusal, Unparsable)
    else:
        assert isinstance(order, Order)
