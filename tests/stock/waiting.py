"""Somebody holds one row: who waits for it, at which statement, and who does not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from entrepot.kernel.refusals import Unavailable
from entrepot.tenancy.entrances import connect
from tests.stock.house import Stock

_WAITING = (
    "select coalesce(string_agg(a.query, ' '), '') from pg_stat_activity as a"
    " where $1 = any(pg_blocking_pids(a.pid))"
)
GUARD = (
    "select from stock.sku_node as g join catalog.sku as s on s.sku_id = g.sku_id"
    " join nodes.node as n on n.node_id = g.node_id"
    " where s.code = $1 and n.code = $2 for key share of g"
)
POOL = (
    "select from stock.channel_available as g join catalog.sku as s on s.sku_id = g.sku_id"
    " join nodes.channel as c on c.channel_id = g.channel_id"
    " where s.code = $1 and c.code = $2 for key share of g"
)
ORDER = "select from stock.reservation as v where v.reservation_id = $1 for key share"
ASN = "select from stock.asn as a where a.asn_id = $1 for key share"
TURN = "select from platform.epoch as e where e.name = 'nodes'"


@asynccontextmanager
async def holding(stock: Stock, row: str, *named: object) -> AsyncIterator[int]:
    """Somebody holds one row: so that whoever locks it for a change waits, and nobody else does
    (`for key share` lets plain updates and references pass)."""
    owner = await stock.server.owner(stock.tenant)
    block = owner.transaction()
    await block.start()
    try:
        assert len(await owner.fetch(row, *named)) == 1, "there is such a row"
        yield owner.get_server_pid()
    finally:
        await block.rollback()
        await owner.close()


async def waits(stock: Stock, call: Awaitable[Any], row: str, *named: object, at: str) -> None:
    """The call waits for whoever holds the row, in a statement that names `at`; then it is done."""
    looker = await connect(stock.server.superuser)
    try:
        async with holding(stock, row, *named) as pid:
            running = asyncio.ensure_future(call)
            waiting = ""
            while not waiting and not running.done():
                if await looker.fetchval(_WAITING, pid):
                    # the first look may have seen whom it was, but what it did before
                    waiting = await looker.fetchval(_WAITING, pid)
        await running
    finally:
        await looker.close()
    assert at in waiting


async def gives_up(stock: Stock, call: Awaitable[Any], row: str, *named: object) -> None:
    """The call does not wait for whoever holds the row: it begins again, and then says so."""
    async with holding(stock, row, *named):
        with pytest.raises(Unavailable):
            await call
