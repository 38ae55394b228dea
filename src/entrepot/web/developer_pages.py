"""For developers: how to sign, and the API reference from our own document."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from entrepot.web.answers import page
from entrepot.web.deps import Deps, Visiting
from entrepot.web.reference import operations_of
from entrepot.web.visits import PageRequest


@get("/")
async def welcome(deps: Deps, visit: Visiting) -> Response[str]:
    """Whose house this is, and the ways in."""
    return page(visit, "platform/front.html", deps=deps)


@get("/developers")
async def quick_start(deps: Deps, visit: Visiting) -> Response[str]:
    """The first signed request, step by step."""
    return page(visit, "developers/quick_start.html", deps=deps)


@get("/developers/reference")
async def reference(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Every operation of the API."""
    document = request.app.openapi_schema.to_schema()
    return page(
        visit,
        "developers/reference.html",
        deps=deps,
        operations=operations_of(document),
    )


DEVELOPER_PAGES: list[HTTPRouteHandler] = [welcome, quick_start, reference]
