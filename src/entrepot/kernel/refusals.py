"""Refusals: what the product says no to, with a stable code and typed facts.

    Refusal
    ├── Unauthenticated 401   ├── Conflict 409    ├── TooMany 429
    ├── Forbidden 403         ├── TooLarge 413    └── Unavailable 503
    ├── NotFound 404          └── Invalid 422 (400 only for what cannot be parsed)

Anything else that is raised is a bug and answers 500. `api/problems.py` writes refusals as
RFC 9457 documents, `web/refusals.py` as pages.
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

Fact = str | int | bool | None | Sequence[str | dict[str, str | int | None]]


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing wrong with one field. `path` is a JSON pointer-like text: `items[2].quantity`."""

    path: str
    code: str
    message: str


class Refusal(Exception):
    """The product says no. `code` is stable; `facts` explain; `message` is English for logs."""

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "refused"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        retry_after_s: int | None = None,
        **facts: Fact,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.errors = list(errors)
        self.retry_after_s = retry_after_s
        self.facts = facts


class Unparsable(Refusal):
    """The bytes are no document of the announced kind."""

    status = 400
    default_code = "unparsable"


class Unauthenticated(Refusal):
    """Nobody proved who is asking."""

    status = 401
    default_code = "unauthenticated"


class Forbidden(Refusal):
    """Known, but not allowed."""

    status = 403
    default_code = "forbidden"


class NotFound(Refusal):
    """Not there, or not yours: the two look the same on purpose."""

    status = 404
    default_code = "not_found"


class Conflict(Refusal):
    """The state of things does not allow it now."""

    status = 409
    default_code = "conflict"


class TooLarge(Refusal):
    """More bytes than are taken."""

    status = 413
    default_code = "too_large"


class UnsupportedMedia(Refusal):
    """A content type that is not read here."""

    status = 415
    default_code = "unsupported_media_type"


class Invalid(Refusal):
    """Readable, but wrong; `errors` names every problem at once."""

    status = 422
    default_code = "invalid"


class TooMany(Refusal):
    """Slower, please."""

    status = 429
    default_code = "too_many_requests"


class Unavailable(Refusal):
    """A part that is needed is away for the moment."""

    status = 503
    default_code = "unavailable"


KINDS: dict[int, type[Refusal]] = {
    kind.status: kind
    for kind in (
        Unparsable, Unauthenticated, Forbidden, NotFound, Conflict, TooLarge,
        UnsupportedMedia, Invalid, TooMany, Unavailable,
    )
}  # fmt: skip


class StoredRefusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refusal as it is kept under an idempotency key."""

    status: int
    code: str
    message: str
    errors: list[FieldError] = []
    facts: dict[str, Fact] = {}


def to_stored(refusal: Refusal) -> StoredRefusal:
    """The refusal as a plain value."""
    return StoredRefusal(
        refusal.status, refusal.code, refusal.message, refusal.errors, dict(refusal.facts)
    )


def from_stored(stored: StoredRefusal) -> Refusal:
    """The refusal that was stored, ready to be raised again."""
    kind = KINDS[stored.status]
    refusal = kind(stored.message, code=stored.code, errors=stored.errors)
    refusal.facts = dict(stored.facts)
    return refusal
