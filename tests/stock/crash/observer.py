"""`python -m tests.stock.crash.observer HOME TENANT TOLD SEEN`: looks on while others work.

Oversell can be invisible at the end, and so can an effect that was acknowledged and came late.
Reads, again and again, in one snapshot each: every violation view of stock, guarding rows that
promise more than there is, and whether what the clients were told (the file TOLD) is there.
Writes a line to SEEN for each thing that is not as it must be.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import asyncpg

from entrepot.kernel.refusals import Refusal
from entrepot.platform.pools import DRIVER_ERRORS
from entrepot.tenancy.directory import Directory
from tests.stock.crash.house import server_of

OVERSOLD = """
select 'oversold ' || g.sku_id::text || ': ' || g.on_hand || ' there, ' || g.reserved || ' promised'
from stock.sku_node as g
where g.reserved + g.blocked > g.on_hand or g.on_hand < 0
union all
select 'promised at ' || b.node_id::text || ': ' || sum(b.quantity) || ' of ' || min(g.on_hand)
from stock.reservation_line as b
join stock.sku_node as g on g.sku_id = b.sku_id and g.node_id = b.node_id
where b.open group by b.sku_id, b.node_id having sum(b.quantity) > min(g.on_hand)
union all
select 'a channel shows ' || a.shown from stock.channel_available as a where a.pooled < 0
"""
VANISHED = """
select 'vanished ' || t.kind || ' ' || t.id::text
from unnest($1::text[], $2::uuid[]) as t (kind, id)
where case
    when t.kind = 'reserve' then
        not exists (select from stock.reservation as v where v.reservation_id = t.id)
    when t.kind in ('move', 'event') then
        not exists (select from stock.document as d where d.document_id = t.id)
    when t.kind = 'reverse' then
        not exists (select from stock.movement as m where m.movement_id = t.id)
    else not exists (
        select from stock.reservation as v where v.reservation_id = t.id
            and v.state = case t.kind when 'fulfil' then 'fulfilled' else 'released' end
    )
end
"""
_AWAY = (Refusal, *DRIVER_ERRORS)


def told_so_far(path: Path) -> tuple[list[str], list[str]]:
    """Kinds and ids of what was acknowledged, the newest 2,000."""
    kinds, ids = [], []
    text = path.read_text() if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    for line in whole.splitlines()[-2000:]:
        kind, own, about = json.loads(line)
        found = about if kind in ("fulfil", "release") else own
        if found and kind in ("reserve", "move", "event", "reverse", "fulfil", "release"):
            kinds.append(kind)
            ids.append(found)
    return kinds, ids


async def look(connection: Any, views: list[str], told: Path) -> list[str]:
    """Everything that is wrong just now."""
    kinds, ids = told_so_far(told)
    found = [row[0] for row in await connection.fetch(OVERSOLD)]
    found += [row[0] for row in await connection.fetch(VANISHED, kinds, ids)]
    for view in views:
        found += [f"{view}: {row}" for row in await connection.fetch(f"table {view} limit 3")]
    return found


async def watch(home: Path, slug: str, told: Path, seen: Path) -> None:
    """Look until the process is ended; connections come and go with the database."""
    async with server_of(home) as server:
        directory: Directory = server.directory
        connection: Any = None
        views: list[str] = []
        while True:
            try:
                if connection is None or connection.is_closed():
                    tenant = await directory.tenant_of_slug(slug)
                    login = await directory.login(tenant, shopper=False)
                    connection = await asyncpg.connect(
                        host=login.host, port=login.port, database=login.database,
                        user=login.user, password=login.password, timeout=5,
                        command_timeout=20,
                    )  # fmt: skip
                    views = [row[0] for row in await connection.fetch(
                        "select schemaname || '.' || viewname from pg_views"
                        " where viewname like 'violation_%' and schemaname = 'stock' order by 1"
                    )]  # fmt: skip
                with seen.open("a") as notes:
                    notes.write("".join(f"{one}\n" for one in await look(connection, views, told)))
                    notes.write("looked\n")
            except _AWAY:
                connection = None
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(watch(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])))
