"""`python -m tests.stock.crash SEED OPERATIONS KILLS`: one run, its report as one JSON line."""

import asyncio
import sys

import msgspec

from tests.stock.crash import drill, house


async def main(seed: int, operations: int, kills: int) -> int:
    """1 when the run found anything."""
    async with house.opened() as opened:
        report = await drill.run(opened, seed, operations=operations, kills=kills)
    print(msgspec.json.encode(report).decode(), flush=True)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*(int(word) for word in sys.argv[1:4]))))
