"""Makes reconcile_drifts.json: where and how much the books are falsified for the reconcile bench.

Run once; the answer is committed and its hash checked before each measurement. A drift names its
place by a fraction of all (SKU, node) pairs, so that the same drifts fit a ledger of any size;
no two fall on one SKU of the smallest ledger. The ledger itself is reconcile_ledger.sql: what it
holds follows from the number of pairs alone.
"""

import json
import random
from pathlib import Path

DRIFTS = 500
PAIRS_LEAST = 4000
"""(SKU, node) pairs of the smallest ledger: 200,000 movements."""
NODES = 5
KINDS = {"balance": 250, "on_hand": 70, "blocked": 30, "reserved": 70, "channel": 80}


def main() -> None:
    """Write the file beside this one."""
    rng = random.Random(20261122)
    kinds = [kind for kind, times in KINDS.items() for _ in range(times)]
    rng.shuffle(kinds)
    assert len(kinds) == DRIFTS
    skus = rng.sample(range(PAIRS_LEAST // NODES), DRIFTS)
    made = []
    for kind, sku in zip(kinds, skus, strict=True):
        amount = rng.choice([1, 2, 3, 5, 8]) * (1 if kind in ("blocked", "reserved") else -1)
        if kind == "balance":
            amount *= rng.choice([1, -1])
        pair = sku * NODES + rng.randrange(NODES)
        made.append({"kind": kind, "at": round(pair / PAIRS_LEAST, 6), "amount": amount})
    path = Path(__file__).with_name("reconcile_drifts.json")
    path.write_text(json.dumps(made, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
