"""The office's channels: which warehouses each sells from, in which order; groups between them."""

from litestar import Response, get, post
from litestar.params import FromPath

from entrepot.flows.create_channel import create_channel
from entrepot.flows.get_channel import get_channel
from entrepot.flows.list_channels import list_channels
from entrepot.flows.list_node_groups import list_node_groups
from entrepot.flows.list_nodes import list_nodes
from entrepot.flows.replace_channel import replace_channel
from entrepot.flows.replace_node_group import replace_node_group
from entrepot.kernel.refusals import FieldError, Invalid, NotFound, Refusal
from entrepot.nodes.channel_types import (
    Channel,
    ChannelDocument,
    GroupDocument,
    NewChannel,
    NodeGroup,
)
from entrepot.platform.documents import convert
from entrepot.web import catalog_words
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.refusals import SHOWN_OR_FORBIDDEN
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import PageRequest, Visit


async def _page(
    deps: Site,
    visit: Visit,
    *,
    channel: Channel | None = None,
    group: NodeGroup | None = None,
    given: dict[str, str] | None = None,
    refusal: Refusal | None = None,
) -> Response[str]:
    staff = staff_of(visit)
    nodes = await list_nodes(deps.db, staff)
    return page(
        visit,
        "admin/channels.html",
        deps=deps,
        channels=await list_channels(deps.db, staff),
        groups=await list_node_groups(deps.db, staff),
        names={node.code: node.names for node in nodes},
        channel=channel,
        group=group,
        given=given or _given(channel, group),
        refusal=refusal,
        told_by=catalog_words.in_words,
        errors=catalog_words.by_column(visit, refusal) if refusal else {},
        may_change=visit.allowed("channels:change"),
        may_group=visit.allowed("nodes:change"),
    )


def _given(channel: Channel | None, group: NodeGroup | None) -> dict[str, str]:
    if channel is not None:
        named = {"en": "name_en", "zh-CN": "name_zh"}
        return {
            "code": channel.code,
            "pool": " ".join(one.node for one in channel.pool),
            "group": channel.group or "",
            "closed": "true" if channel.closed else "",
            **{field: channel.names.get(tag, "") for tag, field in named.items()},
        }
    if group is not None:
        rules = "; ".join(f"{one.to}={one.verdict}" for one in group.rules)
        return {
            "group_code": group.code,
            "nodes": " ".join(group.nodes),
            "isolated": "true" if group.isolated else "",
            "rules": rules,
            "group_name": group.names.get("en", ""),
        }
    return {}


@get("/admin/channels")
async def channels(deps: Deps, visit: Visiting) -> Response[str]:
    """Channels with their pools, and groups."""
    return await _page(deps, visit)


@get("/admin/channels/{code:str}")
async def channel(deps: Deps, visit: Visiting, code: FromPath[str]) -> Response[str]:
    """The same with one channel to be changed."""
    found = await get_channel(deps.db, staff_of(visit), code=code)
    return await _page(deps, visit, channel=found)


@get("/admin/node-groups/{code:str}")
async def node_group(deps: Deps, visit: Visiting, code: FromPath[str]) -> Response[str]:
    """The same with one group to be changed."""
    groups = await list_node_groups(deps.db, staff_of(visit))
    found = next((one for one in groups if one.code == code), None)
    if found is None:
        raise NotFound("there is no group of this code", code="unknown_group", group=code)
    return await _page(deps, visit, group=found)


def _words(text: str) -> list[str]:
    return text.upper().replace(",", " ").split()


def _document(form: Form) -> dict[str, object]:
    """The order of the warehouses is their priority."""
    names = {"en": form.text("name_en"), "zh-CN": form.text("name_zh")}
    pool = [{"node": n, "priority": p} for p, n in enumerate(_words(form.text("pool")), 1)]
    return {
        "names": {tag: name for tag, name in names.items() if name},
        "pool": pool,
        "group": form.text("group").upper() or None,
    }


@post("/admin/channels", status_code=200)
async def add_channel(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """A new channel."""
    form = await read_form(request)
    try:
        new = convert(_document(form) | {"code": form.text("code").upper()}, NewChannel)
        await create_channel(deps.db, staff_of(visit), stamp_of(request, form), new=new)
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _page(deps, visit, given=form.fields, refusal=refusal)
    return see_other(visit, f"{visit.base}/admin/channels")


@post("/admin/channels/{code:str}", status_code=200)
async def change_channel(
    request: PageRequest, deps: Deps, visit: Visiting, code: FromPath[str]
) -> Response[str]:
    """A channel as its form says; names in further languages stay."""
    form = await read_form(request)
    staff = staff_of(visit)
    before = await get_channel(deps.db, staff, code=code)
    try:
        wanted = _document(form) | {"closed": form.text("closed") == "true"}
        said = wanted["names"]
        kept = {tag: name for tag, name in before.names.items() if tag not in ("en", "zh-CN")}
        wanted["names"] = kept | (said if isinstance(said, dict) else {})
        document = convert(wanted, ChannelDocument)
        await replace_channel(deps.db, staff, stamp_of(request, form), code=code, document=document)
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _page(deps, visit, channel=before, given=form.fields, refusal=refusal)
    return see_other(visit, f"{visit.base}/admin/channels")


@post("/admin/node-groups", status_code=200)
async def write_group(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """A group as its form says, new or changed."""
    form = await read_form(request)
    staff = staff_of(visit)
    code = form.text("group_code").upper()
    groups = await list_node_groups(deps.db, staff)
    before = next((one for one in groups if one.code == code), None)
    try:
        document = convert(_group(form, before), GroupDocument)
        await replace_node_group(
            deps.db, staff, stamp_of(request, form), code=_code(code), document=document
        )
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _page(deps, visit, group=before, given=form.fields, refusal=refusal)
    return see_other(visit, f"{visit.base}/admin/channels")


def _code(code: str) -> str:
    """The code, if a node's could look like it. Raises Invalid."""
    return convert({"code": code, "pool": []}, NewChannel).code[:16]


def _group(form: Form, before: NodeGroup | None) -> dict[str, object]:
    rules = []
    for part in form.text("rules").replace(",", ";").split(";"):
        to, found, verdict = part.partition("=")
        if not part.strip():
            continue
        if not found:
            error = FieldError("rules", "bad_value", "must be like WEST=allow")
            raise Invalid("the rules cannot be read", errors=[error])
        rules.append({"to": to.strip().upper(), "verdict": verdict.strip().lower()})
    names = dict(before.names) if before is not None else {}
    if form.text("group_name"):
        names["en"] = form.text("group_name")
    return {
        "names": names,
        "isolated": form.text("isolated") == "true",
        "nodes": _words(form.text("nodes")),
        "rules": rules,
    }


CHANNEL_PAGES = [channels, channel, node_group, add_channel, change_channel, write_group]
