"""The nodes' operations: how they work, their extra attributes, channels, groups, files."""

from typing import Annotated, Literal

from litestar import Response, get, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, PathParameter, QueryParameter

from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.files import FileOperation, file_response
from entrepot.api.parameters import ChannelPath, NodePath
from entrepot.flows.change_node import change_node
from entrepot.flows.create_channel import create_channel
from entrepot.flows.define_node_attribute import define_node_attribute
from entrepot.flows.export_nodes import export_nodes
from entrepot.flows.get_channel import get_channel
from entrepot.flows.get_node import get_node
from entrepot.flows.import_nodes import import_nodes
from entrepot.flows.list_channels import list_channels
from entrepot.flows.list_node_attributes import list_node_attributes
from entrepot.flows.list_node_groups import list_node_groups
from entrepot.flows.list_nodes import list_nodes
from entrepot.flows.replace_channel import replace_channel
from entrepot.flows.replace_node_group import replace_node_group
from entrepot.kernel.attributes import Attribute, NewAttribute
from entrepot.nodes.channel_types import (
    Channel,
    ChannelDocument,
    GroupDocument,
    NewChannel,
    NodeGroup,
)
from entrepot.nodes.types import Node
from entrepot.nodes.working_types import ChangedNode, ImportedNodes, NodeDetail, NodeFile

GroupPath = Annotated[str, PathParameter(pattern=r"^[A-Z0-9][A-Z0-9-]{0,15}$")]


@get("/nodes", tags=["nodes"])
async def get_nodes(caller: CallerOf, db: DatabaseOf) -> Listed[Node]:
    """The nodes that the key works with, by code."""
    return Listed(await list_nodes(db, caller.principal))


@get("/nodes/export", operation_class=FileOperation, tags=["nodes"])
async def get_node_export(
    caller: CallerOf,
    db: DatabaseOf,
    form: Annotated[Literal["csv", "xlsx"], QueryParameter(name="format")] = "csv",
) -> Response[bytes]:
    """All nodes as a file that imports as it is."""
    made = await export_nodes(db, caller.principal, form=form)
    return file_response(made, name="nodes", form=form)


@post("/nodes/import", status_code=200, tags=["nodes"])
async def post_node_import(
    data: JSONBody[NodeFile], caller: CallerOf, db: DatabaseOf
) -> ImportedNodes:
    """Create and change nodes from a file; all rows or none, all bad rows at once."""
    return await import_nodes(db, caller.principal, caller.stamp, file=data)


@get("/nodes/{code:str}", tags=["nodes"])
async def get_one_node(code: NodePath, caller: CallerOf, db: DatabaseOf) -> NodeDetail:
    """All of a node."""
    return await get_node(db, caller.principal, code=code)


@patch("/nodes/{code:str}", tags=["nodes"])
async def patch_node(
    code: NodePath, data: JSONBody[ChangedNode], caller: CallerOf, db: DatabaseOf
) -> NodeDetail:
    """Change a node; fields that are left out stay."""
    return await change_node(db, caller.principal, caller.stamp, code=code, change=data)


@get("/node-attributes", tags=["nodes"])
async def get_node_attributes(caller: CallerOf, db: DatabaseOf) -> Listed[Attribute]:
    """The extra attributes that nodes can have."""
    return Listed(await list_node_attributes(db, caller.principal))


@post("/node-attributes", tags=["nodes"])
async def post_node_attribute(
    data: JSONBody[NewAttribute], caller: CallerOf, db: DatabaseOf
) -> Attribute:
    """Define an extra attribute of nodes, or allow more values for one."""
    return await define_node_attribute(db, caller.principal, caller.stamp, new=data)


@get("/channels", tags=["channels"])
async def get_channels(caller: CallerOf, db: DatabaseOf) -> Listed[Channel]:
    """The channels with their pools."""
    return Listed(await list_channels(db, caller.principal))


@post("/channels", tags=["channels"])
async def post_channel(data: JSONBody[NewChannel], caller: CallerOf, db: DatabaseOf) -> Channel:
    """Create a channel with its pool of nodes."""
    return await create_channel(db, caller.principal, caller.stamp, new=data)


@get("/channels/{code:str}", tags=["channels"])
async def get_one_channel(code: ChannelPath, caller: CallerOf, db: DatabaseOf) -> Channel:
    """A channel with its pool."""
    return await get_channel(db, caller.principal, code=code)


@put("/channels/{code:str}", tags=["channels"])
async def put_channel(
    code: ChannelPath, data: JSONBody[ChannelDocument], caller: CallerOf, db: DatabaseOf
) -> Channel:
    """Replace a channel and its pool."""
    return await replace_channel(db, caller.principal, caller.stamp, code=code, document=data)


@get("/node-groups", tags=["nodes"])
async def get_node_groups(caller: CallerOf, db: DatabaseOf) -> Listed[NodeGroup]:
    """The groups of nodes and what may pass between them."""
    return Listed(await list_node_groups(db, caller.principal))


@put("/node-groups/{code:str}", tags=["nodes"])
async def put_node_group(
    code: GroupPath, data: JSONBody[GroupDocument], caller: CallerOf, db: DatabaseOf
) -> NodeGroup:
    """Make or replace a group of nodes."""
    return await replace_node_group(db, caller.principal, caller.stamp, code=code, document=data)


NODE_ROUTES: list[HTTPRouteHandler] = [
    get_nodes, get_node_export, post_node_import, get_one_node, patch_node, get_node_attributes,
    post_node_attribute, get_channels, post_channel, get_one_channel, put_channel,
    get_node_groups, put_node_group,
]  # fmt: skip
