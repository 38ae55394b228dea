"""One look at one page: who reads, of which tenant, in which language, with which proof."""

import secrets
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, State

from entrepot.access.types import LoggedIn
from entrepot.kernel.principals import Operator, Principal, Shopper, Staff
from entrepot.web import csrf, languages
from entrepot.web.words import _ as mark

PageRequest = Request[Any, Any, State]
PageConnection = ASGIConnection[Any, Any, Any, State]

SESSION_COOKIE = "entrepot_session"
VISIT_COOKIE = "entrepot_visit"
LANGUAGE_COOKIE = "entrepot_lang"
_YEAR_S = 365 * 86400


class House(msgspec.Struct, frozen=True):
    """Whose pages these are: a tenant, or the operator's own when `tenant` is None.

    `base` is the address prefix (`/t/<slug>`), to which session cookies are confined; `trade` is
    what kind of tenant it is, so that its daily pages stand first.
    """

    base: str
    names: dict[str, str]
    slug: str
    zone: str
    tenant: str | None
    trade: str = ""


class Link(msgspec.Struct, frozen=True):
    """A place one can go to; `label` is a key of the catalogue."""

    url: str
    label: str
    symbol: str
    current: bool = False


class Visit(msgspec.Struct, frozen=True):
    """What every template knows about its reader."""

    house_of: House
    language: str
    csrf: str
    path: str
    query: dict[str, str]
    secure: bool
    origin: str
    principal: Principal | None = None
    person_name: str = ""
    email: str = ""
    session: str | None = None
    cookies: tuple[Cookie, ...] = ()

    @property
    def base(self) -> str:
        return self.house_of.base

    @property
    def house(self) -> str:
        names = self.house_of.names
        near = [self.language, "zh-CN", "en"] if self.language == "zh-TW" else [self.language, "en"]
        return next((names[tag] for tag in near if names.get(tag)), self.house_of.slug)

    @property
    def home(self) -> str:
        """Where the house's sign leads this reader."""
        if isinstance(self.principal, Shopper):
            return f"{self.base}/portal"
        if isinstance(self.principal, Staff):
            area = self.path.removeprefix(self.base).strip("/").split("/")[0]
            return f"{self.base}/{'admin' if area == 'admin' or not self._works() else 'staff'}"
        return self.base or "/"

    @property
    def places(self) -> list[Link]:
        """The areas this reader may enter, for the account menu."""
        return [
            Link(f"/{place}" if place == "developers" else f"{self.base}/{place}", label, symbol)
            for place, label, symbol in _AREAS
            if self._may_enter(place)
        ]

    @property
    def rooms(self) -> list[Link]:
        """The pages of the area one is in, for the bar at the top."""
        if self.base == "/platform":
            area, base = "platform", ""
        else:
            area, base = self.path.removeprefix(self.base).strip("/").split("/")[0], self.base
        if area == "platform" and not isinstance(self.principal, Operator):
            return []
        links = [(f"{base}/{room}", label, icon, needs) for room, label, icon, needs in _ROOMS
                 if room.split("/")[0] == area and self.allowed(needs)]  # fmt: skip
        here = max((url for url, *_ in links if self._belongs(url, base)), key=len, default="")
        first = {f"{base}/{room}" for room in _DAILY.get(self.house_of.trade, ())}
        links.sort(key=lambda link: bool(first) and link[0] not in first)
        return [Link(url, label, icon, url == here) for url, label, icon, _ in links]

    def allowed(self, permission: str) -> bool:
        """Whether the reader holds a permission (an empty one means nothing is needed)."""
        if not permission:
            return True
        return self.principal is not None and permission in self.principal.permissions

    def here_in(self, tag: str) -> str:
        """This page's address in another language."""
        return f"{self.path}?{urlencode({**self.query, 'lang': tag})}"

    def say(self, text: str, **values: object) -> str:
        """The text in the reader's language, its `%(name)s` filled in."""
        return languages.catalogue(self.language).gettext(text) % values

    def _works(self) -> bool:
        return self.allowed("parcels:receive") or self.allowed("parcels:put_away")

    def _belongs(self, url: str, base: str) -> bool:
        """Whether this page is the room's or below it; below Today there is none."""
        first = self.path.removeprefix(base).strip("/").split("/")[:2]
        path = self.path
        if (room := _PART_OF.get("/".join(first))) is not None:
            path = f"{base}/{room}"
        below = url != f"{base}/admin" and path.startswith(f"{url}/")
        return path == url or below

    def _may_enter(self, place: str) -> bool:
        if isinstance(self.principal, Operator):
            return False
        if isinstance(self.principal, Shopper):
            return place == "portal"
        if not isinstance(self.principal, Staff):
            return False
        return (
            place == "staff"
            or (place == "admin" and self.allowed("customers:read"))
            or (place == "developers" and self.allowed("keys:read"))
        )


_AREAS = (
    ("staff", mark("Scan station"), "scan"),
    ("portal", mark("My parcels"), "parcel"),
    ("admin", mark("Office"), "list"),
    ("developers", mark("Developers"), "code"),
)
_PART_OF = {
    "admin/lots": "admin/stock",
    "admin/trace": "admin/stock",
    "admin/recalls": "admin/stock",
    "admin/kept-back": "admin/stock",
    "admin/movements": "admin/stock",
    "admin/node-groups": "admin/channels",
}
"""Pages that belong to a room without standing below it."""

_ROOMS = (
    ("portal", mark("My parcels"), "parcel", ""),
    ("portal/consolidations", mark("Consolidations"), "parcel", ""),
    ("portal/pre-alert", mark("Pre-alert"), "plus", ""),
    ("portal/address", mark("Address"), "place", ""),
    ("admin", mark("Today"), "list", ""),
    ("admin/parcels", mark("Parcels"), "parcel", "parcels:read"),
    ("admin/consolidations", mark("Consolidations"), "parcel", "consolidations:read"),
    ("admin/customers", mark("Customers"), "person", "customers:read"),
    ("admin/stock", mark("Stock"), "list", "stock:read"),
    ("admin/reconciliation", mark("Reconciliation"), "shield", "reconciliation:read"),
    ("admin/transfers", mark("Transfers"), "truck", "stock:read"),
    ("admin/arrivals", mark("Goods coming in"), "truck", "stock:read"),
    ("admin/adjustments", mark("Adjustments"), "list", "stock:adjust"),
    ("admin/prices", mark("Prices"), "list", "rate_cards:read"),
    ("admin/skus", mark("Catalogue"), "list", "catalog:read"),
    ("admin/nodes", mark("Warehouses"), "warehouse", "nodes:read"),
    ("admin/channels", mark("Channels"), "globe", "channels:read"),
    ("admin/routing", mark("Try an order"), "truck", "channels:read"),
    ("admin/people", mark("People"), "people", "people:read"),
    ("admin/keys", mark("API keys"), "key", "keys:read"),
    ("admin/walls", mark("Walls"), "shield", "audit:read"),
    ("staff", mark("Scan station"), "scan", ""),
    ("staff/unclaimed", mark("Unclaimed"), "inbox", "parcels:read"),
    ("staff/picks", mark("Pick"), "list", "stock:pick"),
    ("staff/transfers", mark("Transfers"), "truck", "stock:read"),
    ("staff/counts", mark("Counts"), "list", "counts:count"),
    ("staff/arrivals", mark("Goods coming in"), "truck", "stock:read"),
    ("platform", mark("Tenants"), "people", ""),
    ("platform/servers", mark("Servers"), "server", ""),
    ("platform/isolation", mark("Isolation"), "shield", ""),
    ("developers", mark("Quick start"), "next", ""),
    ("developers/reference", mark("API reference"), "code", ""),
)

_DAILY = {
    "merchant": (
        "admin", "admin/stock", "admin/arrivals", "admin/transfers", "admin/reconciliation",
        "staff/arrivals", "staff/picks", "staff/transfers", "staff/counts",
    ),
}  # fmt: skip
"""The pages of each trade's day, before all others; a trade that is not here: as they stand."""


def begin_visit(
    request: PageConnection, house: House, reader: LoggedIn | None, *, session: str | None = None
) -> Visit:
    """The visit of a request: its language, its proof, and the cookies to set for them.

    `session` is the token that was proven, None before log-in.
    """
    asked = request.query_params.get("lang")
    language = languages.choose(
        asked=asked,
        cookie=request.cookies.get(LANGUAGE_COOKIE),
        person=reader.locale if reader else None,
        accept=request.headers.get("accept-language", ""),
    )
    # Behind a proxy that ends TLS only this header tells; lying in it harms but the liar.
    secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
    cookies: list[Cookie] = []
    if languages.speak(asked):
        cookies.append(Cookie(LANGUAGE_COOKIE, value=language, path="/", max_age=_YEAR_S,
                              samesite="lax", secure=secure, httponly=True))  # fmt: skip
    proof = session or request.cookies.get(VISIT_COOKIE)
    if not proof:
        proof = secrets.token_urlsafe(24)
        cookies.append(house_cookie(VISIT_COOKIE, proof, house=house, secure=secure))
    return Visit(
        house_of=house,
        language=language,
        csrf=csrf.token_for(proof),
        path=request.url.path,
        query={key: value for key, value in request.query_params.items() if key != "lang"},
        secure=secure,
        origin=f"{'https' if secure else 'http'}://{request.url.netloc}",
        principal=reader.principal if reader else None,
        person_name=reader.name if reader else "",
        email=reader.email if reader else "",
        session=session,
        cookies=tuple(cookies),
    )


def house_cookie(
    name: str, value: str, *, house: House, secure: bool, max_age_s: int | None = None
) -> Cookie:
    """A cookie that scripts cannot read and that stays inside the house's addresses."""
    return Cookie(
        name,
        value=value,
        path=house.base or "/",
        max_age=max_age_s,
        httponly=True,
        samesite="lax",
        secure=secure,
    )
