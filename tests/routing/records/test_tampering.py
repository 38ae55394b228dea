"""Records changed at random places: read, replayed, told and questioned, or refused; no crash."""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

from entrepot.kernel.refusals import Refusal
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.records.files import read_policy_of, read_record
from entrepot.routing.records.flipping import flips_of
from entrepot.routing.records.format import hash_of
from entrepot.routing.records.replaying import replay, reproduce
from entrepot.routing.records.stages import stages
from entrepot.routing.records.telling import card, sentence
from tests.routing.records.made import close, kept, policy, problem

FIRST = "000001.json.gz"
VALUES: list[Any] = [None, 0, -1, 1, 7, 10**6, 10**13, "", "N00", "V0", "S00", True, [], {}, 1.5]
RULED = policy(
    close("N02"),
    {"kind": "prefer", "id": "p", "minor_per_shipment": 5,
     "options": {"is": "eq", "field": "node.id", "value": "N01"}},
)  # fmt: skip
PARTS = ["rows", "plan", "plan", "costs", "excluded", "by_policy", "rules", "outcome"]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*path, key))
    elif isinstance(value, list):
        for key, item in enumerate(value):
            found += places(item, (*path, key))
    return found


def changed(document: Any, rng: random.Random) -> Any:
    """The document with one value replaced, removed or doubled."""
    part = rng.choice(PARTS)
    candidates = [path for path in places(document) if path[0] == part] or places(document)
    path = rng.choice(candidates)
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    what = rng.random()
    if what < 0.15 and isinstance(holder, dict):
        del holder[path[-1]]
    elif what < 0.3 and isinstance(holder, list):
        holder.append(holder[path[-1]])
    else:
        holder[path[-1]] = rng.choice(VALUES)
    return document


def use(folder: Path) -> None:
    """Everything that can be done with a record."""
    record = read_record(folder, FIRST)
    own = read_policy_of(folder, record, FIRST)
    card(record, language="en", zone="UTC")
    sentence(record, language="zh-CN", zone="UTC")
    stages(record)
    replay(folder, policy(close("N01")), tell=lambda change: None)
    card(record, language="en", zone="UTC", flips=flips_of(record, own))
    reproduce(folder)


@pytest.mark.parametrize("seed", range(3))
def test_a_record_that_was_tampered_with_is_used_or_refused(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    folder = kept(
        tmp_path / "r", problem(860 + seed, nodes=4, lines=2), RULED if seed % 2 else None
    )
    path = folder / FIRST
    sound = gzip.decompress(path.read_bytes())
    refused = 0
    for _ in range(60):
        document = changed(json.loads(sound), rng)
        path.write_bytes(gzip.compress(json.dumps(document).encode()))
        try:
            rehashed(path, document)
            use(folder)
        except Refusal as refusal:
            refused += 1
            assert refusal.code
    assert refused > 20


def rehashed(path: Path, document: Any) -> None:
    """Give a record whose rows were changed the hash that belongs to them, if they can be read."""
    try:
        read_record(path.parent, path.name)
    except Refusal as refusal:
        if [error.code for error in refusal.errors] == ["wrong_hash"]:
            document["rows_hash"] = hash_of(decode_problem(json.dumps(document["rows"]).encode()))
            path.write_bytes(gzip.compress(json.dumps(document).encode()))
