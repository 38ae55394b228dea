"""Plans changed at random places: what is acted on is always sound, and says what it costs."""

import json
import random
from typing import Any

import pytest

from entrepot.routing.allocators.asking import allocate
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import plan_bytes
from entrepot.routing.engine.routing import route
from tests.routing.checker import broken_rules
from tests.routing.orders import random_problem

VALUES: list[Any] = [None, 0, -1, 1, 2, 3, 10**13, "", "N00", "N01", "V0", "S00", True, [], {}]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            found += _places(value[key], (*path, key))
    return found


def _spoil(plan: Any, rng: random.Random) -> None:
    path = rng.choice(_places(plan))
    holder = plan
    for step in path[:-1]:
        holder = holder[step]
    what = rng.random()
    if what < 0.2 and isinstance(holder, dict):
        del holder[path[-1]]
    elif what < 0.4 and isinstance(holder, list):
        holder.append(holder[path[-1]])
    elif what < 0.7 and isinstance(holder[path[-1]], int):
        holder[path[-1]] += rng.choice([-1, 1])
    else:
        holder[path[-1]] = rng.choice(VALUES)


@pytest.mark.parametrize("seed", [700, 704, 706, 709])
def test_whatever_plan_comes_back_a_sound_one_is_acted_on(seed: int) -> None:
    rng = random.Random(seed)
    document = random_problem(seed, nodes=4, lines=2, orders=3)
    problem = decode_problem(json.dumps(document).encode())
    sound = plan_bytes(route(problem))
    followed = 0
    for _ in range(80):
        plan = json.loads(sound)
        for _ in range(rng.choice([1, 1, 2])):
            _spoil(plan, rng)
        raw = json.dumps(plan).encode()
        done = allocate(problem, allocator="t", post=lambda asked, raw=raw: raw)
        told = json.loads(plan_bytes(done.plan))
        assert broken_rules(document, told) == []
        assert done.outcome.followed or done.outcome.reason is not None
        followed += done.outcome.followed
    assert 0 < followed < 80
