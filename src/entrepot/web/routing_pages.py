"""Try an order: what it would get just now. The page shows a decision and makes none.

Everything it shows is the answer of the one flow that the API and shops ask too; the digest of the
plan stands below, so that two who see the same digest see the same plan.
"""

from litestar import Response, get
from litestar.params import FromQuery

from entrepot.flows.list_channels import list_channels
from entrepot.flows.preview_routing import Cart, ShownPreview, preview_routing
from entrepot.kernel.refusals import FieldError, Invalid, Refusal
from entrepot.platform.documents import convert
from entrepot.routing.policy.shelf import names_on
from entrepot.web import catalog_words
from entrepot.web.answers import page
from entrepot.web.deps import Deps, Visiting
from entrepot.web.refusals import SHOWN
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import Visit


@get("/admin/routing")
async def routing(
    deps: Deps,
    visit: Visiting,
    channel: FromQuery[str] = "",
    country: FromQuery[str] = "",
    region: FromQuery[str] = "",
    city: FromQuery[str] = "",
    postcode: FromQuery[str] = "",
    lines: FromQuery[str] = "",
    policy: FromQuery[str] = "",
) -> Response[str]:
    """The form, and what the order that it describes would get."""
    given = {
        "channel": channel, "country": country.upper(), "region": region.upper(), "city": city,
        "postcode": postcode, "lines": lines, "policy": policy,
    }  # fmt: skip
    by = staff_of(visit)
    found: ShownPreview | None = None
    refused: Refusal | None = None
    if lines.strip():
        try:
            found = await preview_routing(deps.db, by, cart=_cart(given))
        except SHOWN as refusal:
            refused = refusal
    return page(
        visit,
        "admin/routing.html",
        deps=deps,
        given=given,
        channels=[(one.code, one.code) for one in await list_channels(deps.db, by)],
        policies=[("", "–"), *((name, name) for name in (*names_on("strategies"),
                                                          *names_on("packs")))],
        found=found,
        refusal=refused,
        told_by=catalog_words.in_words,
        errors=_errors(visit, refused),
    )  # fmt: skip


def _errors(visit: Visit, refusal: Refusal | None) -> dict[str, str]:
    """Field of the form → what is wrong with it."""
    errors: dict[str, str] = {}
    for error in refusal.errors if refusal else ():
        field = error.path.removeprefix("destination.").partition("[")[0].partition(".")[0]
        errors.setdefault(field, catalog_words.fault_words(visit, error))
    if "destination" in errors:
        errors["city"] = errors.pop("destination")
    return errors


def _cart(given: dict[str, str]) -> Cart:
    """The order that the form describes. Raises Invalid."""
    wanted = []
    for n, text in enumerate(given["lines"].splitlines()):
        words = text.split()
        if not words:
            continue
        if len(words) > 2 or not (len(words) == 1 or words[1].isdecimal()):
            error = FieldError(f"lines[{n}]", "bad_value", "must be a SKU and a number")
            raise Invalid("a line is a SKU and a number", errors=[error])
        wanted.append({"sku": words[0].upper(), "qty": int(words[1]) if len(words) == 2 else 1})
    where = {name: given[name] for name in ("country", "region", "city", "postcode") if given[name]}
    document = {"channel": given["channel"], "destination": where, "lines": wanted}
    return convert(document | ({"policy": given["policy"]} if given["policy"] else {}), Cart)


ROUTING_PAGES = [routing]
