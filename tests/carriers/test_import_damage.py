"""A damaged card file or table is refused with places or read, never a crash."""

import copy
import random
from datetime import date
from typing import Any

import pytest

from entrepot.carriers.importing import Shelf, plan_file, plan_table
from entrepot.carriers.rules import canonical, sha256_of
from entrepot.carriers.tariffs import CardRow, RuleRow
from entrepot.kernel.refusals import Refusal
from tests.carriers.price_house import CALENDARS, card_file, next_version

NASTY: list[Any] = [
    None, True, 0, -1, 10**30, 1.5, "", "x", "\x00", "999-99-99", "2026-13-01", [], [None], {},
    {"": {}}, [[]], "services", {"services": []},
]  # fmt: skip
ROUNDS = 1500
SEED = 7


def shelf_of(document: dict[str, Any]) -> Shelf:
    """The shelf after an import of this file."""
    cards, rules, taken = [], [], {}
    for one in document["services"]:
        text = canonical(one)
        row = CardRow(one["id"], one["rate"]["version"], text, sha256_of(text))
        cards.append(row)
        taken[row.service, row.version] = row.sha256
    for kind, part in document.items():
        if kind != "services":
            text = canonical(part)
            rules.append(RuleRow(kind, 1, text, sha256_of(text)))
    return Shelf(cards, rules, taken)


FULL = shelf_of({**card_file(), "calendars": CALENDARS})
EMPTY = Shelf([], [], {})


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [path] if path else []
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    if isinstance(value, dict | list):
        for key in keys:
            child = value[key]
            found += (
                places(child, (*path, key)) if isinstance(child, dict | list) else [(*path, key)]
            )
    return found


def damaged(document: Any, chance: random.Random) -> Any:
    """The document with one to three places taken out or replaced."""
    broken = copy.deepcopy(document)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(places(broken))
        part = broken
        for step in path[:-1]:
            part = part[step]
        if chance.random() < 0.3:
            del part[path[-1]]
        else:
            part[path[-1]] = copy.deepcopy(chance.choice(NASTY))
        if not places(broken):
            break
    return broken


@pytest.mark.parametrize("shelf", [EMPTY, FULL], ids=["first import", "next import"])
def test_a_damaged_card_file_is_refused_with_places(shelf: Shelf) -> None:
    chance = random.Random(SEED)
    small = card_file()
    small["services"] = [next_version("MX-EXP"), next_version("SG-SEA"), next_version("US-AIR")]
    small["calendars"] = CALENDARS
    refused = 0
    for _ in range(ROUNDS // 5):
        try:
            plan_file(damaged(small, chance), shelf)
        except Refusal as refusal:
            refused += 1
            assert refusal.status in (400, 422)
            assert refusal.errors or refusal.code == "unparsable"
    assert refused > ROUNDS // 10


@pytest.mark.parametrize("document", NASTY, ids=repr)
def test_what_is_no_card_file_is_refused(document: Any) -> None:
    for shelf in (EMPTY, FULL):
        for whole in (document, {"services": document}, {"services": [document]}):
            try:
                plan = plan_file(whole, shelf)
            except Refusal as refusal:
                assert refusal.status in (400, 422)
                assert refusal.errors
            else:
                assert not plan.cards
                assert not plan.rules


def test_a_damaged_table_is_refused_with_lines() -> None:
    chance = random.Random(SEED)
    table = (
        "service,zone,kind,first_g,first_minor,step_g,step_minor,from_g,per_kg_minor\n"
        "JP-AIR,JP,first_step,500,3900,500,960,,\n"
        "MX-EXP,Z1,first_step_then_kg_bands,500,9800,500,2100,21000,3600\n"
    )
    day = date(2027, 1, 1)
    for _ in range(ROUNDS):
        raw = bytearray(table.encode())
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(raw))
            raw[at : at + chance.randint(0, 2)] = chance.choice(
                [b"", b",", b"\n", b'"', b"-1", b"\x00", b"\xff", "９".encode(), b"1e9", b";"]
            )
        try:
            plan_table(bytes(raw), FULL, version="2027", valid_from=day)
        except Refusal as refusal:
            assert refusal.status in (400, 422)
