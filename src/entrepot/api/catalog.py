"""The catalogue's operations: SKUs, their extra attributes, files in and out."""

from typing import Annotated, Literal

from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter

from entrepot.api.cursors import page_by
from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.files import FileOperation, file_response
from entrepot.api.parameters import Limit
from entrepot.catalog.types import ImportedSkus, NewSku, Sku, SkuDocument, SkuFile
from entrepot.flows.create_sku import create_sku
from entrepot.flows.define_sku_attribute import define_sku_attribute
from entrepot.flows.export_skus import export_skus
from entrepot.flows.get_sku import get_sku
from entrepot.flows.import_skus import import_skus
from entrepot.flows.list_sku_attributes import list_sku_attributes
from entrepot.flows.list_skus import list_skus
from entrepot.flows.preview_skus import Preview, preview_skus
from entrepot.flows.replace_sku import replace_sku
from entrepot.kernel.attributes import Attribute, NewAttribute

SkuPath = Annotated[str, PathParameter(pattern=r"^[A-Z0-9][A-Z0-9._-]{0,39}$")]
After = Annotated[str, QueryParameter(max_length=40)]


@post("/skus", tags=["catalog"])
async def post_sku(data: JSONBody[NewSku], caller: CallerOf, db: DatabaseOf) -> Sku:
    """Create a SKU with its codes, packs and parts."""
    return await create_sku(db, caller.principal, caller.stamp, new=data)


@get("/skus", tags=["catalog"])
async def get_skus(
    caller: CallerOf,
    db: DatabaseOf,
    search: Annotated[str | None, QueryParameter(min_length=1, max_length=100)] = None,
    tag: Annotated[str | None, QueryParameter(max_length=32)] = None,
    closed: FromQuery[bool] = False,
    after: After = "",
    limit: Limit = 50,
) -> Listed[Sku]:
    """SKUs by code. `search`: how a code begins, part of a name, or a whole GTIN or alias."""
    found = await list_skus(
        db, caller.principal, search=search, tag=tag, closed=closed, after=after, most=limit
    )
    return page_by(found, limit, lambda row: row.code)


@get("/skus/export", operation_class=FileOperation, tags=["catalog"])
async def get_sku_export(
    caller: CallerOf,
    db: DatabaseOf,
    form: Annotated[Literal["csv", "xlsx"], QueryParameter(name="format")] = "csv",
    after: After = "",
) -> Response[bytes]:
    """All SKUs as a file that imports as it is; 20,000 at most, the rest behind `after`."""
    made = await export_skus(db, caller.principal, form=form, after=after)
    return file_response(made, name="skus", form=form)


@post("/skus/import", status_code=200, tags=["catalog"])
async def post_sku_import(
    data: JSONBody[SkuFile], caller: CallerOf, db: DatabaseOf
) -> ImportedSkus:
    """Create and change SKUs from a file; all rows or none, all bad rows at once."""
    return await import_skus(db, caller.principal, caller.stamp, file=data)


@post("/skus/import/preview", status_code=200, tags=["catalog"])
async def post_sku_preview(data: JSONBody[SkuFile], caller: CallerOf, db: DatabaseOf) -> Preview:
    """What an import would do; nothing is written."""
    return await preview_skus(db, caller.principal, file=data)


@get("/skus/{code:str}", tags=["catalog"])
async def get_one_sku(code: SkuPath, caller: CallerOf, db: DatabaseOf) -> Sku:
    """A SKU."""
    return await get_sku(db, caller.principal, code=code)


@put("/skus/{code:str}", tags=["catalog"])
async def put_sku(
    code: SkuPath, data: JSONBody[SkuDocument], caller: CallerOf, db: DatabaseOf
) -> Sku:
    """Replace a SKU; its code and base unit stay."""
    return await replace_sku(db, caller.principal, caller.stamp, code=code, document=data)


@get("/sku-attributes", tags=["catalog"])
async def get_sku_attributes(caller: CallerOf, db: DatabaseOf) -> Listed[Attribute]:
    """The extra attributes that SKUs can have."""
    return Listed(await list_sku_attributes(db, caller.principal))


@post("/sku-attributes", tags=["catalog"])
async def post_sku_attribute(
    data: JSONBody[NewAttribute], caller: CallerOf, db: DatabaseOf
) -> Attribute:
    """Define an extra attribute of SKUs, or allow more values for one."""
    return await define_sku_attribute(db, caller.principal, caller.stamp, new=data)


CATALOG_ROUTES: list[HTTPRouteHandler] = [
    post_sku, get_skus, get_sku_export, post_sku_import, post_sku_preview, get_one_sku, put_sku,
    get_sku_attributes, post_sku_attribute,
]  # fmt: skip
