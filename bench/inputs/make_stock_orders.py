"""Makes stock_orders.json: which SKUs orders have, for the benches of stock.

Run once; the answer is committed and its hash checked before each measurement. SKU n is drawn
with weight 1/n (Zipf, exponent 1) or evenly; several lines of an order may name one SKU.
"""

import json
import random
from itertools import accumulate
from pathlib import Path

ORDERS = 6000


def main() -> None:
    """Write the file beside this one."""
    rng = random.Random(20261122)
    weights = list(accumulate(1 / n for n in range(1, 10_001)))

    def skewed(lines: int) -> list[int]:
        return rng.choices(range(1, 10_001), cum_weights=weights, k=lines)

    made = {
        "zipf_3": [skewed(3) for _ in range(ORDERS)],
        "zipf_5": [skewed(5) for _ in range(ORDERS)],
        "uniform_3": [[rng.randint(1, 1_000_000) for _ in range(3)] for _ in range(ORDERS)],
        "look_ups_20": [rng.sample(range(1, 100_001), 20) for _ in range(2000)],
    }
    path = Path(__file__).with_name("stock_orders.json")
    path.write_text(json.dumps(made, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
