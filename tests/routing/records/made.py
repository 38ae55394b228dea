"""Records made for tests."""

import json
from pathlib import Path
from typing import Any

from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import Problem
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.files import read_policy
from entrepot.routing.records.files import write_records
from entrepot.routing.records.format import Record
from entrepot.routing.records.recording import Recorder
from tests.routing.orders import random_problem


def problem(seed: int, *, nodes: int = 6, lines: int = 3, orders: int = 1) -> Problem:
    """A random problem of the tests, read."""
    return read(random_problem(seed, nodes=nodes, lines=lines, orders=orders))


def read(document: dict[str, Any]) -> Problem:
    """A plain document, read."""
    return decode_problem(json.dumps(document).encode())


def policy(*rules: dict[str, Any], version: int = 1) -> Policy:
    """A policy with these rules."""
    return read_policy(
        json.dumps(
            {
                "format": "routing-policy/1", "id": "test", "version": version, "owner": "tests",
                "review": "2027-01-01", "effective_from": "2026-01-01T00:00:00Z",
                "rules": list(rules),
            }
        ).encode()
    )  # fmt: skip


def close(node: str) -> dict[str, Any]:
    """A rule that closes a node."""
    return {
        "kind": "exclude", "id": f"close-{node.lower()}",
        "options": {"is": "eq", "field": "node.id", "value": node}, "code": "node_closed",
    }  # fmt: skip


def records(given: Problem, **options: Any) -> list[Record]:
    """The records of a problem."""
    return list(Recorder(given, **options).records())


def kept(folder: Path, given: Problem, under: Policy | None = None) -> Path:
    """A folder of records."""
    write_records(folder, Recorder(given, policy=under).records(), under)
    return folder
