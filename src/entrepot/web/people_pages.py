"""The office's people and programs: who may log in, and which keys may sign."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from entrepot.access.keys import new_material
from entrepot.access.permissions import PERMISSIONS, ROLES
from entrepot.access.types import KeyAlgorithm, KeyMaterial, NewApiKey
from entrepot.flows.create_api_key import create_api_key
from entrepot.flows.create_person import create_person
from entrepot.flows.disable_person import disable_person
from entrepot.flows.list_api_keys import list_api_keys
from entrepot.flows.list_nodes import list_nodes
from entrepot.flows.list_people import list_people
from entrepot.flows.make_log_in_link import make_log_in_link
from entrepot.flows.revoke_api_key import revoke_api_key
from entrepot.kernel.refusals import NotFound, Refusal
from entrepot.platform.documents import convert
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.door_pages import tenant_of
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.links import Handed, fresh_link, invitation
from entrepot.web.refusals import SHOWN_OR_FORBIDDEN, by_field
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import PageRequest, Visit


async def _people(
    deps: Site,
    visit: Visit,
    *,
    refusal: Refusal | None = None,
    given: Form | None = None,
    handed: Handed | None = None,
) -> Response[str]:
    staff = staff_of(visit)
    return page(
        visit,
        "admin/people.html",
        deps=deps,
        people=await list_people(deps.db, staff, most=500),
        roles=[role for role, held in ROLES.items() if held <= staff.permissions],
        warehouses=await list_nodes(deps.db, staff),
        refusal=refusal,
        errors=by_field(visit, refusal),
        given=given.fields if given else {},
        chosen=given.many.get("roles", []) if given else [],
        handed=handed,
        may_invite=visit.allowed("people:create"),
        may_change=visit.allowed("people:change"),
    )


@get("/admin/people")
async def people(deps: Deps, visit: Visiting) -> Response[str]:
    """Who may log in, and as what."""
    return await _people(deps, visit)


@post("/admin/people", status_code=200)
async def invite(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Invite somebody of the staff: the one-time link is shown once."""
    form = await read_form(request)
    wanted: dict[str, object] = dict(form.given("email", "name", "locale"))
    wanted["roles"] = form.many.get("roles", [])
    if form.many.get("warehouses"):
        wanted["warehouses"] = form.many["warehouses"]
    token = fresh_link(visit)
    try:
        new = invitation(wanted)
        person = await create_person(
            deps.db, staff_of(visit), stamp_of(request, form), new=new, link_token=token
        )
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _people(deps, visit, refusal=refusal, given=form)
    url = f"{visit.origin}{visit.base}/welcome/{token}"
    return await _people(deps, visit, handed=Handed(person.name, person.email, url))


@post("/admin/people/{person_id:uuid}/link", status_code=200)
async def new_link(
    request: PageRequest, deps: Deps, visit: Visiting, person_id: FromPath[UUID]
) -> Response[str]:
    """A fresh one-time link for somebody who lost theirs or forgot the password."""
    form = await read_form(request)
    staff = staff_of(visit)
    found = await list_people(deps.db, staff, most=500)
    person = next((one for one in found if one.person_id == person_id), None)
    if person is None:
        raise NotFound("there is no such person here", code="no_such_person")
    token = fresh_link(visit)
    try:
        await make_log_in_link(
            deps.db, staff, stamp_of(request, form), person_id=person_id, link_token=token
        )
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _people(deps, visit, refusal=refusal)
    url = f"{visit.origin}{visit.base}/welcome/{token}"
    return await _people(deps, visit, handed=Handed(person.name, person.email, url))


@post("/admin/people/{person_id:uuid}/disable", status_code=200)
async def shut_out(
    request: PageRequest, deps: Deps, visit: Visiting, person_id: FromPath[UUID]
) -> Response[str]:
    """Shut somebody out at once."""
    form = await read_form(request)
    try:
        await disable_person(deps.db, staff_of(visit), stamp_of(request, form), person_id=person_id)
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _people(deps, visit, refusal=refusal)
    return see_other(visit, f"{visit.base}/admin/people")


async def _keys(
    deps: Site,
    visit: Visit,
    *,
    refusal: Refusal | None = None,
    given: Form | None = None,
    material: KeyMaterial | None = None,
) -> Response[str]:
    staff = staff_of(visit)
    return page(
        visit,
        "admin/keys.html",
        deps=deps,
        keys=await list_api_keys(deps.db, staff),
        scopes=sorted(PERMISSIONS & staff.permissions),
        zone=visit.house_of.zone,
        refusal=refusal,
        errors=by_field(visit, refusal),
        given=given.fields if given else {},
        chosen=given.many.get("scopes", []) if given else [],
        material=material,
        may_create=visit.allowed("keys:create"),
        may_revoke=visit.allowed("keys:revoke"),
    )


@get("/admin/keys")
async def keys(deps: Deps, visit: Visiting) -> Response[str]:
    """The keys of programs, without their secrets."""
    return await _keys(deps, visit)


@post("/admin/keys", status_code=200)
async def make_key(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """A new key: its secret is shown once."""
    form = await read_form(request)
    wanted = {
        "label": form.text("label"),
        "scopes": form.many.get("scopes", []),
        "algorithm": form.text("algorithm") or KeyAlgorithm.HMAC_SHA256.value,
    }
    try:
        new = convert(wanted, NewApiKey)
        material = new_material(tenant_of(visit), algorithm=new.algorithm)
        made = await create_api_key(
            deps.db,
            staff_of(visit),
            stamp_of(request, form),
            new=new,
            material=material,
            sealing=deps.key,
        )
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _keys(deps, visit, refusal=refusal, given=form)
    # A form sent twice made one key; its secret went out with the first answer.
    return await _keys(deps, visit, material=material if made.key_id == material.key_id else None)


@post("/admin/keys/{key_id:str}/revoke", status_code=200)
async def revoke(
    request: PageRequest, deps: Deps, visit: Visiting, key_id: FromPath[str]
) -> Response[str]:
    """End a key at once."""
    form = await read_form(request)
    try:
        await revoke_api_key(deps.db, staff_of(visit), stamp_of(request, form), key_id=key_id)
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _keys(deps, visit, refusal=refusal)
    return see_other(visit, f"{visit.base}/admin/keys")


PEOPLE_PAGES = [people, invite, new_link, shut_out, keys, make_key, revoke]
