"""Channels, the pools they sell from, and groups of nodes.

A channel at home in a group may only sell from nodes that may serve this group. Every write that
could break this looks at the whole before it ends, one writer at a time, so whoever sells reads
the pool and asks nothing else.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, FieldError, Invalid, NotFound
from entrepot.nodes.channel_types import (
    Channel,
    ChannelDocument,
    GroupDocument,
    NewChannel,
    NodeGroup,
)
from entrepot.nodes.queries import Body, unknown_warehouse
from entrepot.platform.database import ReadTx, Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "channels.sql")


class _NodeId(msgspec.Struct, frozen=True):
    id: UUID
    code: str


class _Broken(msgspec.Struct, frozen=True):
    channel: str
    node: str


def _scope(warehouses: Collection[str] | None) -> list[str] | None:
    return None if warehouses is None else sorted(warehouses)


async def list_channels(tx: ReadTx, *, warehouses: Collection[str] | None) -> list[Channel]:
    """All channels by code; of their pools, the nodes in the scope."""
    rows = await tx.list(SQL["list_channels"], Body, warehouses=_scope(warehouses), code=None)
    return [msgspec.json.decode(row.body, type=Channel) for row in rows]


async def get_channel(tx: ReadTx, *, code: str, warehouses: Collection[str] | None) -> Channel:
    """One channel. Raises NotFound (`unknown_channel`)."""
    row = await tx.find(SQL["list_channels"], Body, warehouses=_scope(warehouses), code=code)
    if row is None:
        raise NotFound("there is no channel of this code", code="unknown_channel", channel=code)
    return msgspec.json.decode(row.body, type=Channel)


async def list_groups(tx: ReadTx, *, warehouses: Collection[str] | None) -> list[NodeGroup]:
    """All groups by code; of their nodes, those in the scope."""
    rows = await tx.list(SQL["list_groups"], Body, warehouses=_scope(warehouses), code=None)
    return [msgspec.json.decode(row.body, type=NodeGroup) for row in rows]


async def _find_group(tx: ReadTx, code: str) -> NodeGroup | None:
    row = await tx.find(SQL["list_groups"], Body, warehouses=None, code=code)
    return None if row is None else msgspec.json.decode(row.body, type=NodeGroup)


async def create_channel(tx: Tx, *, new: NewChannel) -> Channel:
    """A new channel with its pool. Raises Conflict, Invalid, or NotFound for a node or group."""
    await tx.value(SQL["bump_epoch"])
    _check_pool(new)
    channel_id = new_id(tx.now)
    written = await tx.execute(
        SQL["insert_channel"],
        channel_id=channel_id,
        code=new.code,
        names=msgspec.json.encode(new.names),
        group_id=await _group_id(tx, new.group),
        now=tx.now,
    )
    if written == 0:
        raise Conflict("a channel has this code already", code="channel_code_taken")
    await _write_pool(tx, channel_id, new)
    await _tell(tx, "channel.created", "channel", channel_id, 1, new.code)
    return await get_channel(tx, code=new.code, warehouses=None)


async def replace_channel(tx: Tx, *, code: str, document: ChannelDocument) -> Channel:
    """The channel as the document says; sending what is there already changes nothing."""
    await tx.value(SQL["bump_epoch"])
    before = await get_channel(tx, code=code, warehouses=None)
    _check_pool(document)
    pool = sorted(document.pool, key=lambda one: one.priority)
    if (before.names, before.pool, before.group, before.closed) == (
        document.names, pool, document.group, document.closed,
    ):  # fmt: skip
        return before
    sequence = await tx.value(
        SQL["update_channel"],
        channel_id=before.id,
        names=msgspec.json.encode(document.names),
        group_id=await _group_id(tx, document.group),
        closed=document.closed,
        now=tx.now,
    )
    await tx.execute(SQL["delete_pool"], channel_id=before.id)
    await _write_pool(tx, before.id, document)
    await _tell(tx, "channel.changed", "channel", before.id, sequence, code)
    return await get_channel(tx, code=code, warehouses=None)


def _check_pool(document: ChannelDocument) -> None:
    errors = [
        FieldError("pool", "double", f"a {what} stands here twice")
        for what, counted in (
            ("node", Counter(one.node for one in document.pool)),
            ("priority", Counter(one.priority for one in document.pool)),
        )
        if any(count > 1 for count in counted.values())
    ]
    if errors:
        raise Invalid("the pool cannot be like this", errors=errors)


async def _write_pool(tx: Tx, channel_id: UUID, document: ChannelDocument) -> None:
    ids = await _node_ids(tx, [one.node for one in document.pool])
    await tx.execute(
        SQL["insert_pool"],
        channel_id=channel_id,
        node_ids=[ids[one.node] for one in document.pool],
        priorities=[one.priority for one in document.pool],
    )
    await _refuse_isolated(tx)


async def replace_group(tx: Tx, *, code: str, document: GroupDocument) -> NodeGroup:
    """The group as the document says, made if there is none.

    Raises NotFound for a node or group, Conflict (`groups_isolated`) when a channel would sell
    from a node that may not serve it.
    """
    await tx.value(SQL["bump_epoch"])
    before = await _find_group(tx, code)
    names = msgspec.json.encode(document.names)
    sequence: object = 1
    if before is None:
        group_id = new_id(tx.now)
        await tx.execute(
            SQL["insert_group"],
            group_id=group_id, code=code, names=names, isolated=document.isolated, now=tx.now,
        )  # fmt: skip
    else:
        group_id = before.id
        if _same(before, document):
            return before
        sequence = await tx.value(
            SQL["update_group"], group_id=group_id, names=names, isolated=document.isolated
        )
    await _write_group(tx, group_id, document)
    await _refuse_isolated(tx)
    name = "node_group.created" if before is None else "node_group.changed"
    await _tell(tx, name, "node_group", group_id, sequence, code)
    after = await _find_group(tx, code)
    assert after is not None
    return after


def _same(before: NodeGroup, document: GroupDocument) -> bool:
    rules = sorted(document.rules, key=lambda one: one.to)
    return (before.names, before.isolated, before.nodes, before.rules) == (
        document.names, document.isolated, sorted(set(document.nodes)), rules,
    )  # fmt: skip


async def _write_group(tx: Tx, group_id: UUID, document: GroupDocument) -> None:
    if len({one.to for one in document.rules}) < len(document.rules):
        error = FieldError("rules", "double", "two rules about one group")
        raise Invalid("the rules contradict each other", errors=[error])
    nodes = await _node_ids(tx, document.nodes)
    groups = await _group_ids(tx, [one.to for one in document.rules])
    await tx.execute(SQL["delete_members"], group_id=group_id)
    await tx.execute(SQL["insert_members"], group_id=group_id, node_ids=list(nodes.values()))
    await tx.execute(SQL["delete_rules"], group_id=group_id)
    await tx.execute(
        SQL["insert_rules"],
        group_id=group_id,
        group_ids=[groups[one.to] for one in document.rules],
        verdicts=[one.verdict for one in document.rules],
    )


async def _node_ids(tx: ReadTx, codes: Sequence[str]) -> dict[str, UUID]:
    found = await tx.list(SQL["list_node_ids"], _NodeId, codes=list(codes))
    ids = {one.code: one.id for one in found}
    for code in codes:
        if code not in ids:
            raise unknown_warehouse(code)
    return ids


async def _group_ids(tx: ReadTx, codes: Sequence[str]) -> dict[str, UUID]:
    found = await tx.list(SQL["list_group_ids"], _NodeId, codes=list(codes))
    ids = {one.code: one.id for one in found}
    for code in codes:
        if code not in ids:
            raise NotFound("there is no group of this code", code="unknown_group", group=code)
    return ids


async def _group_id(tx: ReadTx, code: str | None) -> UUID | None:
    return None if code is None else (await _group_ids(tx, [code]))[code]


async def _refuse_isolated(tx: ReadTx) -> None:
    broken = await tx.list(SQL["list_isolated_pools"], _Broken)
    if broken:
        raise Conflict(
            "a channel would sell from nodes that may not serve it",
            code="groups_isolated",
            links=[f"{one.channel}: {one.node}" for one in broken],
        )


async def _tell(
    tx: Tx, name: str, aggregate: str, aggregate_id: UUID, sequence: object, code: str
) -> None:
    assert isinstance(sequence, int)
    await tx.value(
        SQL["put_event"],
        event_id=new_id(tx.now),
        name=name,
        aggregate=aggregate,
        aggregate_id=aggregate_id,
        sequence=sequence,
        now=tx.now,
        actor=tx.principal.actor,
        body=msgspec.json.encode({f"{aggregate}_id": aggregate_id, "code": code}),
    )
