"""Pages of lists and their cursors, and moments in an address."""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec

from entrepot.api.deps import Listed
from entrepot.kernel.refusals import FieldError, Invalid


class Identified(Protocol):
    """A row that has an id."""

    @property
    def id(self) -> UUID:
        """What the next page begins behind."""
        ...


Row = TypeVar("Row")
RowWithId = TypeVar("RowWithId", bound=Identified)


def page_by(found: list[Row], limit: int, cursor: Callable[[Row], str]) -> Listed[Row]:
    """A page of a list; where it is full, `next` is the cursor of its last row."""
    return Listed(found, cursor(found[-1]) if len(found) == limit else None)


def page_by_id(found: list[RowWithId], limit: int) -> Listed[RowWithId]:
    """A page of a list that is ordered by id."""
    return page_by(found, limit, lambda row: str(row.id))


def cursor_of(*columns: str) -> str:
    """The columns of the last row, as one word for an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode(columns)).decode().rstrip("=")


def read_cursor(word: str | None, columns: int) -> list[str]:
    """The columns; empty texts, which stand before every row, when there is none.

    Raises Invalid for what is no cursor of so many columns.
    """
    if not word:
        return [""] * columns
    try:
        padded = word + "=" * (-len(word) % 4)
        found = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True),
                                    type=list[str])  # fmt: skip
    except (binascii.Error, msgspec.DecodeError, ValueError) as wrong:
        raise _no_cursor() from wrong
    if len(found) != columns or any("\0" in column for column in found):
        raise _no_cursor()
    return found


def _no_cursor() -> Invalid:
    error = FieldError("after", "bad_value", "this is no cursor of this list")
    return Invalid("this is no cursor of this list", errors=[error])


def check_moment(name: str, moment: datetime | None) -> None:
    """Raises Invalid for a moment without its offset, or in years that no calendar reaches."""
    if moment is None:
        return
    if moment.tzinfo is None or not 2000 <= moment.year <= 2200:
        message = "an instant with its offset is needed, like 2026-11-22T09:30:00Z"
        raise Invalid(message, errors=[FieldError(name, "bad_value", message)])
