"""Every permission opens something: one that nothing asks for would only look like a limit."""

import ast
import csv
from collections.abc import Iterator

from entrepot.access.permissions import PERMISSIONS, SHOPPER_PERMISSIONS, VISITOR_PERMISSIONS
from entrepot.flows import FLOWS
from entrepot.kernel.principals import Shopper
from tests.house.floors import SOURCE

LIST = SOURCE / "access" / "permissions.py"


def asked_for() -> Iterator[str]:
    """What flows and queries declare, and what programs and machines ask for besides."""
    yield from (verb.permission for verb in FLOWS.values())
    for path in SOURCE.rglob("*.py"):
        if path != LIST:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from (
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            )
    for path in SOURCE.rglob("*_edges.tsv"):
        for row in csv.reader(path.read_text(encoding="utf-8").splitlines(), delimiter="\t"):
            yield from row


def test_every_permission_is_asked_for_somewhere() -> None:
    assert (PERMISSIONS | VISITOR_PERMISSIONS) - set(asked_for()) == set()


def test_shoppers_hold_only_what_some_verb_asks_of_them() -> None:
    asked = {verb.permission for verb in FLOWS.values() if Shopper in verb.callers}
    assert asked == SHOPPER_PERMISSIONS
