"""The office's catalogue: SKUs listed, looked for, changed, brought and taken as files."""

import base64
import binascii
from collections.abc import Sequence

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, FromQuery

from entrepot.catalog import columns
from entrepot.catalog.types import ImportedSkus, NewSku, Sku, SkuDocument, SkuFile
from entrepot.flows.create_sku import create_sku
from entrepot.flows.export_skus import export_skus
from entrepot.flows.get_sku import get_sku
from entrepot.flows.import_skus import import_skus
from entrepot.flows.list_sku_attributes import list_sku_attributes
from entrepot.flows.list_skus import list_skus
from entrepot.flows.preview_skus import Preview, preview_skus
from entrepot.flows.replace_sku import replace_sku
from entrepot.kernel.attributes import Attribute
from entrepot.kernel.refusals import FieldError, Invalid, Refusal, TooLarge, Unparsable
from entrepot.platform.documents import convert
from entrepot.platform.sheets import Row
from entrepot.web import catalog_words
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.files import file_answer, kind_of
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.refusals import SHOWN
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import PageRequest, Visit

_SHOWN = (Unparsable, TooLarge, *SHOWN)
_PAGE = 50
_FLAGS = ("lot_tracked", "serial_tracked", "expiry_tracked", "closed")
_SECTIONS = (
    ("code", "base_unit", "name.en", "name.zh-CN", "name.zh-TW"),
    ("weight_g", "length_mm", "width_mm", "height_mm", "shelf_life_days"),
    ("gtins", "other_codes", "supplier_codes"),
    ("packs", "parts", "tags"),
)
_MOST_FILE_BYTES = 1_000_000
_ERRORS_SHOWN = 200


@get("/admin/skus")
async def skus(
    deps: Deps,
    visit: Visiting,
    search: FromQuery[str] = "",
    closed: FromQuery[bool] = False,
    after: FromQuery[str] = "",
) -> Response[str]:
    """SKUs by code, or those that a name, a code or a GTIN finds."""
    wanted = search.strip()[:100]
    found = await list_skus(
        deps.db,
        staff_of(visit),
        search=wanted or None,
        closed=closed,
        after=after[:40],
        most=_PAGE,
    )
    return page(
        visit,
        "admin/skus.html",
        deps=deps,
        skus=found,
        search=wanted,
        closed=closed,
        next_after=found[-1].code if len(found) == _PAGE else None,
        may_change=visit.allowed("catalog:change"),
    )


async def _form(
    deps: Site,
    visit: Visit,
    sku: Sku | None,
    *,
    given: dict[str, str] | None = None,
    refusal: Refusal | None = None,
) -> Response[str]:
    attributes = await list_sku_attributes(deps.db, staff_of(visit))
    cells = given
    if cells is None and sku is not None:
        named = columns.columns_for(attributes)
        row = columns.row_of(sku, named)
        cells = {
            name: "" if cell is None else str(cell) for name, cell in zip(named, row, strict=True)
        }
    return page(
        visit,
        "admin/sku.html",
        deps=deps,
        sku=sku,
        given=cells or {"base_unit": "piece"},
        sections=_SECTIONS,
        flags=_FLAGS,
        column=catalog_words.COLUMN,
        hint=catalog_words.HINT,
        example=catalog_words.EXAMPLE,
        attributes=attributes,
        pairs_of=catalog_words.pairs_of,
        refusal=refusal,
        told_by=catalog_words.in_words,
        errors=catalog_words.by_column(visit, refusal) if refusal else {},
        may_change=visit.allowed("catalog:change"),
    )


@get("/admin/skus/new")
async def new_sku(deps: Deps, visit: Visiting) -> Response[str]:
    """An empty form."""
    return await _form(deps, visit, None)


@get("/admin/skus/{code:str}")
async def sku(deps: Deps, visit: Visiting, code: FromPath[str]) -> Response[str]:
    """One SKU."""
    return await _form(deps, visit, await get_sku(deps.db, staff_of(visit), code=code))


def _cells(form: Form, attributes: Sequence[Attribute]) -> dict[str, str]:
    """The form as the cells of a sheet; a box that is not ticked says false."""
    named = [column for section in _SECTIONS for column in section]
    named += [f"attribute.{one.name}" for one in attributes]
    cells = {name: form.text(name) for name in named}
    cells["code"] = cells["code"].upper()
    return cells | {flag: "true" if form.text(flag) else "false" for flag in _FLAGS}


def _document(cells: dict[str, str], attributes: Sequence[Attribute], before: Sku | None) -> NewSku:
    """The SKU that a form asks for. Raises Invalid with every fault."""
    read, errors = columns.read_row(Row(0, cells), {one.name: one for one in attributes})
    if errors:
        raise Invalid(f"{len(errors)} things are wrong with the SKU", errors=errors)
    return convert(msgspec.to_builtins(columns.merged(before, read)), NewSku)


@post("/admin/skus", status_code=200)
async def add_sku(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """A new SKU."""
    form = await read_form(request)
    staff = staff_of(visit)
    attributes = await list_sku_attributes(deps.db, staff)
    cells = _cells(form, attributes)
    try:
        new = _document(cells, attributes, None)
        made = await create_sku(deps.db, staff, stamp_of(request, form), new=new)
    except _SHOWN as refusal:
        return await _form(deps, visit, None, given=cells, refusal=refusal)
    return see_other(visit, f"{visit.base}/admin/skus/{made.code}")


@post("/admin/skus/{code:str}", status_code=200)
async def change_sku(
    request: PageRequest, deps: Deps, visit: Visiting, code: FromPath[str]
) -> Response[str]:
    """A SKU as its form says."""
    form = await read_form(request)
    staff = staff_of(visit)
    before = await get_sku(deps.db, staff, code=code)
    attributes = await list_sku_attributes(deps.db, staff)
    cells = _cells(form, attributes) | {"code": code, "base_unit": before.base_unit}
    try:
        new = _document(cells, attributes, before)
        document = SkuDocument(
            **{name: getattr(new, name) for name in SkuDocument.__struct_fields__}
        )
        await replace_sku(deps.db, staff, stamp_of(request, form), code=code, document=document)
    except _SHOWN as refusal:
        return await _form(deps, visit, before, given=cells, refusal=refusal)
    return see_other(visit, f"{visit.base}/admin/skus/{code}")


@get("/admin/skus/export/{form:str}")
async def export(deps: Deps, visit: Visiting, form: FromPath[str]) -> Response[bytes]:
    """All SKUs as a file that imports as it is."""
    kind = kind_of(form)
    made = await export_skus(deps.db, staff_of(visit), form=kind)
    return file_answer(made, name="skus", kind=kind)


def _import_page(
    deps: Site,
    visit: Visit,
    *,
    preview: Preview | None = None,
    kept: str = "",
    done: ImportedSkus | None = None,
    refusal: Refusal | None = None,
) -> Response[str]:
    errors = refusal.errors if refusal else []
    return page(
        visit,
        "admin/sku_import.html",
        deps=deps,
        preview=preview,
        kept=kept,
        done=done,
        refusal=refusal,
        told_by=catalog_words.in_words,
        faults=[_fault(visit, error) for error in errors[:_ERRORS_SHOWN]],
        fault_count=len(errors),
        column=catalog_words.COLUMN,
        may_change=visit.allowed("catalog:change"),
    )


def _fault(visit: Visit, error: FieldError) -> tuple[int | None, str, str]:
    column = catalog_words.column_of(error.path)
    said = catalog_words.COLUMN.get(column)
    return (
        catalog_words.line_of(error.path),
        visit.say(said) if said else column,
        catalog_words.fault_words(visit, error),
    )


@get("/admin/skus/import")
async def import_form(deps: Deps, visit: Visiting) -> Response[str]:
    """Bring a file."""
    return _import_page(deps, visit)


@post("/admin/skus/import", status_code=200)
async def bring_file(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """First what the file would do, then, once agreed, do it."""
    form = await read_form(request)
    staff = staff_of(visit)
    kept = form.text("kept")
    try:
        if kept:
            file = SkuFile(xlsx=_unpacked(kept))
            done = await import_skus(deps.db, staff, stamp_of(request, form), file=file)
            return _import_page(deps, visit, done=done)
        raw = await _uploaded(request)
        preview = await preview_skus(deps.db, staff, file=SkuFile(xlsx=raw))
    except _SHOWN as refusal:
        return _import_page(deps, visit, refusal=refusal)
    return _import_page(deps, visit, preview=preview, kept=base64.b64encode(raw).decode())


def _unpacked(kept: str) -> bytes:
    try:
        return base64.b64decode(kept, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("the file was not kept whole", code="unreadable_sheet") from error


async def _uploaded(request: PageRequest) -> bytes:
    sent = (await request.form()).get("file")
    if not isinstance(sent, UploadFile):
        error = FieldError("file", "missing", "choose a file")
        raise Invalid("choose a file", code="unreadable_sheet", errors=[error])
    raw = await sent.read()
    if len(raw) > _MOST_FILE_BYTES:
        raise TooLarge("the file is larger than is taken", most_bytes=_MOST_FILE_BYTES)
    return raw


CATALOG_PAGES = [
    skus, new_sku, add_sku, import_form, bring_file, export, sku, change_sku,
]  # fmt: skip
