"""Import of 1 M stock rows: documents of movements through our operation against COPY of the
same rows into the same tables with the same indexes (documents, movements, balances, guarding
rows, the channel's copy), events and audit left out of COPY's work.

Goal of issue 5: at least 0.3 of COPY's rows a second, aim 0.5. COPY is timed whole; of ours
`SAMPLE` rows are timed, spread over the million SKUs.
"""

import asyncio
import time

from bench.lines import emit, median
from bench.stock_house import House, code, stock_house
from entrepot.stock import operations
from entrepot.stock.types import End, NewMovement
from entrepot.tenancy.entrances import connect

SKUS = 1_000_000
SAMPLE = 200_000
DOCUMENT = 5_000
ROUNDS = 7
MUST, AIM = 0.3, 0.5
TABLES = ("document", "movement", "balance", "sku_node", "channel_available")


def run() -> None:
    """Measure on a fresh embedded server and print one line."""
    asyncio.run(_run())


async def _run() -> None:
    async with stock_house(skus=SKUS, stocked=False) as house:
        pairs = []
        for turn in range(ROUNDS):
            first = 1 + turn * SAMPLE % (SKUS - SAMPLE)
            ours = await _import(house, first)
            peer = await _copy(house)
            pairs.append((ours, peer))
        emit(
            "stock_import", unit="rows/s", ours=median([a for a, _ in pairs]),
            peer=median([b for _, b in pairs]), ratio=median([a / b for a, b in pairs]),
            rounds=ROUNDS, must=MUST, aim=AIM,
            note=f"{SAMPLE} rows of {SKUS} SKUs in documents of {DOCUMENT}; peer: COPY of the same",
        )  # fmt: skip


async def _import(house: House, first: int) -> float:
    """Rows a second through `stock.operations.post`, starting with an empty ledger."""
    end = End("N01")
    began = time.perf_counter()
    for start in range(first, first + SAMPLE, DOCUMENT):
        moves = [NewMovement(code(n), 5, "opening", to=end) for n in range(start, start + DOCUMENT)]
        async with house.database.begin(house.staff) as tx:
            await operations.post(tx, reference="bench", movements=moves)
    return SAMPLE / (time.perf_counter() - began)


async def _copy(house: House) -> float:
    """Rows a second of COPY of what we have just written; leaves the ledger empty."""
    owner = await connect(house.superuser)
    try:
        files = {}
        for table in TABLES:
            path = f"{house.folder}/{table}.bench"
            columns = await owner.fetchval(
                "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute"
                " where attrelid = ('stock.' || $1)::regclass and attnum > 0 and attgenerated = ''"
                " and not attisdropped",
                table,
            )
            await owner.execute(f"copy (select {columns} from stock.{table}) to '{path}' binary")
            files[table] = (columns, path)
        await owner.execute("truncate " + ", ".join(f"stock.{table}" for table in TABLES))
        began = time.perf_counter()
        async with owner.transaction():
            for table, (columns, path) in files.items():
                await owner.execute(f"copy stock.{table} ({columns}) from '{path}' binary")
        took = time.perf_counter() - began
        await owner.execute("truncate " + ", ".join(f"stock.{table}" for table in TABLES))
        await owner.execute("vacuum analyze")
    finally:
        await owner.close()
    return SAMPLE / took
