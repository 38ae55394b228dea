"""What people bring: a card file as JSON, or a price table as CSV or XLSX. Pure."""

import base64
import binascii
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from entrepot.carriers.importing import Form, Plan, Shelf, plan_file, plan_table
from entrepot.carriers.rating.cards import Code
from entrepot.kernel.reading import parse
from entrepot.kernel.refusals import FieldError, Invalid

Planner = Callable[[Shelf], Plan]


class NewImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exactly one of `cards` (a card file), `table` (CSV text) and `table_base64` (CSV or XLSX).

    A table is the next `version` of the cards that it names, valid from `valid_from` on.
    """

    cards: dict[str, Any] | None = None
    table: Annotated[str, Meta(max_length=1_000_000)] | None = None
    table_base64: Annotated[str, Meta(max_length=1_000_000)] | None = None
    version: Code | None = None
    valid_from: date | None = None


def planner_of(new: NewImport) -> tuple[Form, Planner]:
    """The form of an import, and what to hold against the shelf. Raises Invalid, Unparsable."""
    given = [n for n in ("cards", "table", "table_base64") if getattr(new, n) is not None]
    if len(given) != 1:
        error = FieldError("", "one_of", "exactly one of cards, table and table_base64")
        raise Invalid("what is to be imported?", errors=[error])
    if new.cards is not None:
        document = new.cards
        return "json", lambda shelf: plan_file(document, shelf)
    raw = (new.table or "").encode() if new.table is not None else _decoded(new.table_base64 or "")
    return _table(raw, new.version, new.valid_from)


def planner_of_file(
    raw: bytes, *, version: str | None, valid_from: date | None
) -> tuple[Form, Planner]:
    """The same for a file as somebody chose it: what it is, is seen from its first bytes."""
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        document = parse(raw.removeprefix(b"\xef\xbb\xbf"))
        return "json", lambda shelf: plan_file(document, shelf)
    return _table(raw, version, valid_from)


def _table(raw: bytes, version: str | None, valid_from: date | None) -> tuple[Form, Planner]:
    errors = [
        FieldError(name, "missing", "a price table needs it")
        for name, value in (("version", version), ("valid_from", valid_from))
        if not value
    ]
    if errors or version is None or valid_from is None:
        raise Invalid("a price table is the next version of its cards", errors=errors)
    form: Form = "xlsx" if raw[:2] == b"PK" else "csv"
    return form, lambda shelf: plan_table(raw, shelf, version=version, valid_from=valid_from)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        wrong = FieldError("table_base64", "bad_value", "not Base64")
        raise Invalid("the table cannot be read", errors=[wrong]) from error
