"""The office's import of prices: look at everything that would change, or at all errors; then keep.

Files are read here and nowhere else on the pages. What was looked at travels with the second form
as text, so that exactly that is imported.
"""

import base64
import binascii
from datetime import date

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile

from entrepot.carriers.importing import Form as CardForm
from entrepot.carriers.uploads import Planner, planner_of_file
from entrepot.flows.import_rate_cards import Imported, import_rate_cards
from entrepot.flows.preview_rate_cards import ImportPreview, preview_rate_cards
from entrepot.kernel.refusals import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    Refusal,
    TooLarge,
    Unparsable,
)
from entrepot.web.answers import page
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.price_pages import WORDS
from entrepot.web.refusals import by_field
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import PageRequest, Visit

MOST_BYTES = 4_000_000
_SHOWN = (Unparsable, Forbidden, Conflict, TooLarge, Invalid)
_MOST_SHOWN = 200


class Brought(msgspec.Struct, frozen=True):
    """What somebody wants to import: the bytes, and for a table its version and first day."""

    raw: bytes
    version: str
    valid_from: str

    @property
    def kept(self) -> str:
        """The bytes as a form can carry them."""
        return base64.b64encode(self.raw).decode()

    def planner(self) -> tuple[CardForm, Planner]:
        """What to hold against the stored cards. Raises Invalid, Unparsable, TooLarge."""
        if not self.raw.strip():
            raise Invalid("nothing was brought", errors=[FieldError("file", "missing", "a file")])
        if len(self.raw) > MOST_BYTES:
            raise TooLarge("at most 4 MB of prices at once")
        try:
            day = date.fromisoformat(self.valid_from) if self.valid_from else None
        except ValueError as error:
            wrong = FieldError("valid_from", "bad_value", "a day like 2026-12-01")
            raise Invalid("this is no day", errors=[wrong]) from error
        return planner_of_file(self.raw, version=self.version or None, valid_from=day)


async def _brought(request: PageRequest, form: Form) -> Brought:
    version, day = form.text("version")[:80], form.text("valid_from")[:10]
    if form.text("kept"):
        try:
            return Brought(base64.b64decode(form.text("kept"), validate=True), version, day)
        except (binascii.Error, ValueError) as error:
            raise Invalid("the form is damaged") from error
    file = (await request.form()).get("file")
    raw = await file.read(MOST_BYTES + 1) if isinstance(file, UploadFile) else b""
    return Brought(raw or form.raw.get("text", "").encode(), version, day)


def _page(
    deps: Site,
    visit: Visit,
    *,
    brought: Brought | None = None,
    preview: ImportPreview | None = None,
    done: Imported | None = None,
    refusal: Refusal | None = None,
    text: str = "",
) -> Response[str]:
    errors = refusal.errors if refusal else []
    return page(
        visit,
        "prices/import.html",
        deps=deps,
        brought=brought,
        text=text,
        preview=preview,
        done=done,
        refusal=refusal,
        errors=by_field(visit, refusal),
        faults=errors[:_MOST_SHOWN],
        more_faults=max(len(errors) - _MOST_SHOWN, 0),
        card_words=WORDS,
        may_change=visit.allowed("rate_cards:change"),
    )


@get("/admin/prices/import")
async def import_form(deps: Deps, visit: Visiting) -> Response[str]:
    """Where prices are brought."""
    return _page(deps, visit)


@post("/admin/prices/import", status_code=200)
async def import_prices(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """First what would change, or all errors; with `keep`, the import of what was looked at."""
    form = await read_form(request)
    text = form.raw.get("text", "")
    brought = None
    try:
        brought = await _brought(request, form)
        kind, planner = brought.planner()
        if form.text("keep") == "yes":
            done = await import_rate_cards(
                deps.db, staff_of(visit), stamp_of(request, form), form=kind, planner=planner
            )
            return _page(deps, visit, done=done)
        preview = await preview_rate_cards(deps.db, staff_of(visit), planner=planner)
    except _SHOWN as refusal:
        return _page(deps, visit, brought=brought, refusal=refusal, text=text)
    return _page(deps, visit, brought=brought, preview=preview)


PRICE_IMPORT_PAGES = [import_form, import_prices]
