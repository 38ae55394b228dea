"""All pages as one router, with their doors: sessions and CSRF live here and nowhere else."""

from litestar import Router
from litestar.di import Provide

from entrepot.web.adjustment_pages import ADJUSTMENT_PAGES
from entrepot.web.arrival_pages import ARRIVAL_PAGES
from entrepot.web.assets import Assets, static_handler
from entrepot.web.calculator_pages import CALCULATOR_PAGES
from entrepot.web.carrier_pages import CARRIER_PAGES
from entrepot.web.carton_pages import CARTON_PAGES
from entrepot.web.catalog_pages import CATALOG_PAGES
from entrepot.web.channel_pages import CHANNEL_PAGES
from entrepot.web.consolidation_pages import CONSOLIDATION_PAGES
from entrepot.web.count_pages import COUNT_PAGES
from entrepot.web.deps import Site, WebDeps
from entrepot.web.developer_pages import DEVELOPER_PAGES
from entrepot.web.door_pages import DOOR_PAGES
from entrepot.web.entering import house_guard, provide_visit, shoppers_only, staff_only
from entrepot.web.feed_pages import FEED_PAGES
from entrepot.web.history_pages import HISTORY_PAGES
from entrepot.web.live_pages import portal_events, staff_events
from entrepot.web.lot_pages import LOT_PAGES
from entrepot.web.node_pages import NODE_PAGES
from entrepot.web.node_working_pages import NODE_WORKING_PAGES
from entrepot.web.office_arrival_pages import OFFICE_ARRIVAL_PAGES
from entrepot.web.office_consolidation_pages import OFFICE_CONSOLIDATION_PAGES
from entrepot.web.office_pages import OFFICE_PAGES
from entrepot.web.office_transfer_pages import OFFICE_TRANSFER_PAGES
from entrepot.web.operator_pages import OPERATOR_PAGES, operator_guard, public_guard
from entrepot.web.people_pages import PEOPLE_PAGES
from entrepot.web.period_pages import PERIOD_PAGES
from entrepot.web.pick_pages import PICK_PAGES
from entrepot.web.portal_pages import PORTAL_PAGES
from entrepot.web.pre_alert_pages import PRE_ALERT_PAGES
from entrepot.web.price_import_pages import PRICE_IMPORT_PAGES
from entrepot.web.price_pages import PRICE_PAGES
from entrepot.web.problem_pages import problem_handler
from entrepot.web.reconciliation_pages import RECONCILIATION_PAGES
from entrepot.web.routing_pages import ROUTING_PAGES
from entrepot.web.staff_pages import STAFF_PAGES
from entrepot.web.stock_pages import STOCK_PAGES
from entrepot.web.stowing_pages import STOWING_PAGES
from entrepot.web.transfer_pages import TRANSFER_PAGES
from entrepot.web.unclaimed_pages import UNCLAIMED_PAGES


def page_router(deps: WebDeps) -> Router:
    """Every page: `/t/<slug>/…`, `/platform/…`, `/developers/…`, `/` and `/static/…`.

    Raises AssetsMissing when the style and scripts were not built.
    """
    site = Site(
        db=deps.db,
        tenants=deps.tenants,
        clock=deps.clock,
        live=deps.live,
        settings=deps.settings,
        key=deps.key,
        assets=Assets(),
    )
    staff = Router(
        path="",
        guards=[staff_only],
        route_handlers=[
            *ARRIVAL_PAGES, *STOWING_PAGES, *OFFICE_ARRIVAL_PAGES,
            *STAFF_PAGES, staff_events, *UNCLAIMED_PAGES, *OFFICE_PAGES, *PEOPLE_PAGES,
            *NODE_PAGES, *NODE_WORKING_PAGES, *CHANNEL_PAGES, *CATALOG_PAGES,
            *HISTORY_PAGES, *LOT_PAGES, *ADJUSTMENT_PAGES,
            *TRANSFER_PAGES, *OFFICE_TRANSFER_PAGES, *PICK_PAGES,
            *OFFICE_CONSOLIDATION_PAGES, *CARTON_PAGES, *CARRIER_PAGES,
            *PRICE_PAGES, *PRICE_IMPORT_PAGES,
            *COUNT_PAGES, *STOCK_PAGES,
            *RECONCILIATION_PAGES, *FEED_PAGES, *PERIOD_PAGES, *ROUTING_PAGES,
        ],
    )  # fmt: skip
    shoppers = Router(
        path="",
        guards=[shoppers_only],
        route_handlers=[
            *PORTAL_PAGES,
            *PRE_ALERT_PAGES,
            *CONSOLIDATION_PAGES,
            portal_events,
        ],
    )
    house = Router(
        path="/t/{slug:str}",
        guards=[house_guard(site)],
        route_handlers=[*DOOR_PAGES, *CALCULATOR_PAGES, staff, shoppers],
    )
    operators = Router(
        path="/platform", guards=[operator_guard(site)], route_handlers=OPERATOR_PAGES
    )
    public = Router(path="", guards=[public_guard(site)], route_handlers=DEVELOPER_PAGES)
    return Router(
        path="",
        route_handlers=[house, operators, public, static_handler(site.assets)],
        dependencies={
            "deps": Provide(lambda: site, sync_to_thread=False),
            "visit": Provide(provide_visit),
        },
        exception_handlers={Exception: problem_handler(site)},
        include_in_schema=False,
    )
