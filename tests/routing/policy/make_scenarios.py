"""Writes the frozen scenario orders: `python -m tests.routing.policy.make_scenarios`.

Worlds, orders and what must come of each, decided by `brute_force` from the rules in `worlds`
and `shop_worlds`.
"""

import json
import random
from pathlib import Path
from typing import Any

from tests.routing.policy.brute_force import decide
from tests.routing.policy.scenario_list import SCENARIOS

FOLDER = Path(__file__).parent / "scenarios"
ORDERS = 120
SEEDS = {
    "regional": 6, "split-or-combine": 7, "stock-health": 8, "stores-and-pickup": 6,
    "marketplaces": 3,
}  # fmt: skip
"""Worlds with many divided orders, many orders without a plan and every reason in them."""


def scenario(name: str, count: int = ORDERS, seed: int | None = None) -> dict[str, Any]:
    """A world, its first orders and what must come of them."""
    rules = SCENARIOS[name]
    seed = SEEDS[name] if seed is None else seed
    world = rules.world(seed)
    rng = random.Random(f"{name} {seed}")
    orders = [rules.order(rng, number) for number in range(count)]
    return {
        "world": world, "orders": orders, "expected": [decide(world, o, rules) for o in orders]
    }  # fmt: skip


def main() -> None:
    """Write every scenario, one order and one answer a line."""
    FOLDER.mkdir(exist_ok=True)
    for name in SCENARIOS:
        made = scenario(name)
        lines = [json.dumps({"world": made["world"]}, ensure_ascii=False)]
        for order, expected in zip(made["orders"], made["expected"], strict=True):
            lines.append(json.dumps({"order": order, "expected": expected}, ensure_ascii=False))
        (FOLDER / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
