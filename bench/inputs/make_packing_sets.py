"""Make the frozen sets that `bench/packing.py` packs: 30 each of 20, 50 and 100 parcels.

One carton of 600 × 450 × 400 mm. Sides are drawn so that a set holds a good deal more than the
carton does, whatever the number of parcels: what differs is how well a packer chooses and stows.
"""

import json
import random
from pathlib import Path

INNER = (600, 450, 400)


def parcels(rng: random.Random, count: int) -> list[list[int]]:
    """`count` boxes around the size at which they would fill the carton 1.2 times."""
    middle = (1.2 * INNER[0] * INNER[1] * INNER[2] / count) ** (1 / 3)
    return [[max(10, int(middle * rng.uniform(0.5, 1.6))) for _ in range(3)] for _ in range(count)]


def main() -> None:
    sets = {
        str(count): [
            parcels(random.Random(7_000_000 + 1000 * count + turn), count) for turn in range(30)
        ]
        for count in (20, 50, 100)
    }
    place = Path(__file__).with_name("packing_sets.json")
    document = {"inner_mm": INNER, "sets": sets}
    place.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
