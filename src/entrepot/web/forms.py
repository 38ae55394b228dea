"""Forms: their fields as plain texts, and the stamp that makes sending one twice harmless."""

import hashlib
from datetime import date, time

import msgspec

from entrepot.access.flow import Stamp
from entrepot.kernel.calendars import instant
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.web import csrf
from entrepot.web.visits import PageRequest

KEY_FIELD = "idempotency_key"
_LONGEST_KEY = 200


class Form(msgspec.Struct, frozen=True):
    """The fields of a posted form, blanks around them removed; `raw` as they were sent."""

    fields: dict[str, str]
    raw: dict[str, str]
    many: dict[str, list[str]]

    def text(self, name: str) -> str:
        """The field, or an empty text."""
        return self.fields.get(name, "")

    def given(self, *names: str) -> dict[str, str]:
        """Those of the named fields that are not empty."""
        return {name: self.fields[name] for name in names if self.fields.get(name)}

    def whole(self, *names: str) -> dict[str, int]:
        """Those of the named fields that were filled in, as whole numbers.

        Raises Invalid naming every field that holds something else.
        """
        given = self.given(*names)
        wrong = [
            FieldError(name, "not_a_number", "must be a whole number")
            for name, text in given.items()
            if told_number(text, digits=11) is None
        ]
        if wrong:
            raise Invalid("a number is needed", errors=wrong)
        return {name: int(text) for name, text in given.items()}

    def instant(self, name: str, *, at: time, zone: str) -> str:
        """A local time of the day in a field, as documents take it. Raises Invalid for no day."""
        try:
            return instant(date.fromisoformat(self.text(name)), at, zone).isoformat()
        except (ValueError, OverflowError) as wrong:
            error = FieldError(name, "bad_value", "must be a day")
            raise Invalid("on which day?", errors=[error]) from wrong


def told_number(text: str, *, digits: int) -> int | None:
    """A whole number that an address tells, of at most so many digits; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


async def read_form(request: PageRequest) -> Form:
    """The posted form. Files are not taken here."""
    sent = await request.form()
    many: dict[str, list[str]] = {}
    for name, value in sent.multi_items():
        if isinstance(value, str):
            many.setdefault(str(name), []).append(value)
    return form_of(many)


def form_of(many: dict[str, list[str]]) -> Form:
    """Fields as a form; each has at least one value, and the first counts where one is meant."""
    raw = {name: values[0] for name, values in many.items()}
    return Form({name: value.strip() for name, value in raw.items()}, raw, many)


def stamp_of(request: PageRequest, form: Form, part: str = "") -> Stamp:
    """The stamp of a posted form; `part` names one of several flows behind one form.

    The key came with the page, so a second tap or a second sending has the same one.
    Raises Invalid when it is missing.
    """
    key = form.text(KEY_FIELD)
    if not key or len(key) > _LONGEST_KEY:
        error = FieldError(KEY_FIELD, "missing", "every form carries a key of its own")
        raise Invalid("the idempotency key is missing", code="idempotency_key_missing",
                      errors=[error])  # fmt: skip
    said = sorted((k, v) for k, v in form.raw.items() if k not in (csrf.FIELD, KEY_FIELD))
    what = [request.method, request.url.path, said]
    digest = hashlib.sha256(msgspec.json.encode(what)).digest()
    return Stamp(key=f"page:{key}{f':{part}' if part else ''}", fingerprint=digest)
