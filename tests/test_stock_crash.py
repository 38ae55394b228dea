"""R1 for stock in small: clients that want the same goods while app, worker, database and single
sessions are killed. `make drill PART=stock-crash` is the same at length."""

import json
import os
import random

import msgspec
import pytest

from tests.stock.crash import drill, house

pytestmark = [pytest.mark.crash, pytest.mark.slow]


async def test_nothing_acknowledged_is_lost_doubled_or_oversold() -> None:
    seed = int(os.environ.get("ENTREPOT_SEED", random.randrange(10**6)))
    operations = int(os.environ.get("ENTREPOT_OPERATIONS", "150"))
    kills = int(os.environ.get("ENTREPOT_KILLS", "3"))
    print(f"seed {seed}")
    async with house.opened() as opened:
        report = await drill.run(opened, seed, operations=operations, kills=kills)
    print(json.dumps(msgspec.to_builtins(report)))
    assert report.faults == []
    assert sum(report.kills.values()) >= kills - 1
    assert report.operations >= operations
