"""Damaged card files: refused with places or priced, and never anything else."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from entrepot.carriers.rating.compiling import Tariff, compile_tariff
from entrepot.carriers.rating.files import read_cards
from entrepot.carriers.rating.quotes import quote_all
from entrepot.kernel.refusals import Invalid, Refusal
from tests.carriers.rating_tables import NOON, answer, demo, given_requests, own_cases

Place = tuple[str | int, ...]
PARTS = ("services", "fx", "insurance", "member_tiers", "value_added_services")
GONE = object()
VALUES: tuple[Any, ...] = (
    0, 1, -1, 10**9, 10**12, 10**13, None, "x", "", [], {}, True, [[]], "2026-01-01", GONE,
)  # fmt: skip


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in inner:
            yield (*place, key)
            yield from places(item, (*place, key))


def damaged(document: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    root = copy.copy(document)
    spot: Any = root
    for key in place[:-1]:
        spot[key] = copy.copy(spot[key])
        spot = spot[key]
    if value is GONE:
        del spot[place[-1]]
    else:
        spot[place[-1]] = value
    return root


def tariff_or_none(document: dict[str, Any]) -> Tariff | None:
    try:
        return compile_tariff(read_cards(json.dumps(document)))
    except Invalid as refusal:
        assert refusal.errors
        return None


def test_damage_is_refused_or_priced() -> None:
    rng = random.Random(20261122)
    document = {part: demo()[part] for part in PARTS}
    spots = [place for place in places(document) if len(place) > 1]
    requests = [request for _, request, _ in (*given_requests(), *own_cases())]
    priced = refused = 0
    for _ in range(400):
        tariff = tariff_or_none(damaged(document, rng.choice(spots), rng.choice(VALUES)))
        if tariff is None:
            refused += 1
            continue
        priced += 1
        for request in rng.sample(requests, 15):
            for ask in (answer, _quoted):
                try:
                    ask(tariff, request)
                except Refusal:
                    continue
    assert priced > 20
    assert refused > 200


def _quoted(tariff: Tariff, request: Any) -> None:
    quote_all(tariff, request, now=NOON)
