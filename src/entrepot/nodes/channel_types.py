"""Values about channels, their pools of nodes, and groups of nodes."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from entrepot.nodes.types import NodeCode

ChannelCode = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{0,23}$(?!\n)")]
GroupCode = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{0,15}$(?!\n)")]
_Names = dict[str, Annotated[str, Meta(min_length=1, max_length=120)]]


class PoolNode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node of a pool; the lowest priority is asked first, and each stands there once."""

    node: NodeCode
    priority: Annotated[int, Meta(ge=1, le=10_000)]


class ChannelDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of a channel but its code. `pool`: the nodes it sells from, and from no others.

    `group`: where the channel is at home; its pool may only hold nodes that may serve it.
    """

    names: _Names = {}
    pool: Annotated[list[PoolNode], Meta(max_length=500)] = []
    group: GroupCode | None = None
    closed: bool = False


class NewChannel(ChannelDocument, frozen=True, kw_only=True):
    """A channel to be."""

    code: ChannelCode


class Channel(msgspec.Struct, frozen=True):
    """A channel as it is shown; of the pool, the nodes that the reader works with."""

    id: UUID
    code: str
    version: int
    names: dict[str, str]
    group: str | None
    pool: list[PoolNode]
    closed: bool


class GroupRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether this group's stock may serve another group, whatever is said in general."""

    to: GroupCode
    verdict: Literal["allow", "deny"]


class GroupDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of a group but its code. An isolated one serves and is served by itself alone,
    unless a rule allows more."""

    names: _Names = {}
    isolated: bool = False
    nodes: Annotated[list[NodeCode], Meta(max_length=1000)] = []
    rules: Annotated[list[GroupRule], Meta(max_length=500)] = []


class NodeGroup(msgspec.Struct, frozen=True):
    """A group as it is shown."""

    id: UUID
    code: str
    version: int
    names: dict[str, str]
    isolated: bool
    nodes: list[str]
    rules: list[GroupRule]
