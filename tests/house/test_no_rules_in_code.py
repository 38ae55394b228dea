"""Rules of routing are data: no program decides by a region, a node, an article or a channel.

Policies (`routing/policy/packs`, `strategies`, `examples`) and the demo are the only places that
may know one. Programs, connectors and templates are read for texts that name such a thing, and for
comparisons of what rules are about with a text.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.floors import SOURCE

SHELF = SOURCE / "routing" / "policy"
ABOUT = {
    "region", "sku", "market", "channel", "warehouse", "node", "node_id", "service", "carrier",
    "level", "zone", "country", "node_type", "tax_zone", "destination",
}  # fmt: skip
ROUTING_ONLY = {"type", "tags", "attrs", "code"}
KNOWN = {
    ("carriers/rating/zones.py", "GB"): "the form of British postcodes, as ISO 3166 names them",
    ("carriers/rating/checks.py", "*"): "the tariff's word for every zone",
    ("routing/policy/versions.py", "*"): "the policy format's word for every channel",
    ("routing/policy/excluding.py", "marketplace"): "the format's type of node",
    ("routing/policy/deciding.py", "not_capable"): "a code of the engine's own",
    ("routing/records/deciding.py", "no_plan"): "a code of the engine's own",
    ("routing/records/flipping.py", "too_late"): "a code of the engine's own",
}
_PLACE = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
_SQL = re.compile(
    r"\b(?:region|sku|market|channel|carrier|level|warehouse)\w*\s*(?:=|<>|!=|\bin\b)\s*\(?\s*'[^']",
    re.IGNORECASE,
)
_HTML = re.compile(
    r"\{%[^%]*\b(?:region|sku|market|channel|carrier|level|warehouse)\b[^%]*?[!=]=\s*[\"'][^\"']"
)


def programs() -> list[Path]:
    return [p for p in sorted(SOURCE.rglob("*.py")) if "demo" not in p.relative_to(SOURCE).parts]


def named_by_data() -> set[str]:
    """Nodes and regions of the shelf's examples."""
    found = set()
    for file in (SHELF / "examples").glob("*.json"):
        problem = json.loads(file.read_text(encoding="utf-8"))
        found |= {node["id"] for node in problem["nodes"]}
        found |= {node["region"] for node in problem["nodes"]}
        found |= {order["dest"]["region"] for order in problem["orders"]}
    return {name for name in found if len(name) > 2 and name.isupper()}


def _name(node: ast.expr) -> str | None:
    """What an expression reads: `x.region`, `region`, `x["region"]`, `x.get("region")`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    key: ast.expr | None = None
    if isinstance(node, ast.Subscript):
        key = node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        key = node.args[0] if node.func.attr == "get" else None
    return str(key.value) if isinstance(key, ast.Constant) else None


def _texts(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return [text for part in node.elts for text in _texts(part)]
    return []


def decided_by_text(source: str, about: set[str]) -> Iterator[tuple[int, str]]:
    """Comparisons, cases and look-ups that decide by a text: (line, text)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(_name(side) in about for side in sides):
                yield from ((node.lineno, text) for side in sides for text in _texts(side) if text)
        elif isinstance(node, ast.Match) and _name(node.subject) in about:
            for part in ast.walk(node):
                if isinstance(part, ast.MatchValue):
                    yield from ((node.lineno, text) for text in _texts(part.value))


@pytest.mark.parametrize("room", sorted({p.relative_to(SOURCE).parts[0] for p in programs()}))
def test_no_program_decides_by_a_text_that_belongs_into_a_policy(room: str) -> None:
    about = ABOUT | (ROUTING_ONLY if room == "routing" else set())
    found = []
    for path in programs():
        inside = path.relative_to(SOURCE)
        if inside.parts[0] == room:
            rows = decided_by_text(path.read_text(encoding="utf-8"), about)
            found += [(f"{inside}:{n}", t) for n, t in rows if (str(inside), t) not in KNOWN]
    assert found == []


def test_no_program_names_a_place_or_a_node() -> None:
    names = named_by_data()
    assert {"SHA", "CN-ZJ"} <= names
    found = []
    for path in programs():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                told = node.value in names or _PLACE.fullmatch(node.value)
                found += [(str(path.relative_to(SOURCE)), node.value)] if told else []
    assert found == []


@pytest.mark.parametrize(("kind", "pattern"), [("*.sql", _SQL), ("*.html", _HTML)])
def test_no_statement_and_no_template_decides_by_one(kind: str, pattern: re.Pattern[str]) -> None:
    files = sorted(SOURCE.rglob(kind))
    assert files
    found = []
    for path in files:
        text = path.read_text(encoding="utf-8")
        found += [(str(path.relative_to(SOURCE)), hit[0]) for hit in pattern.finditer(text)]
    assert found == []


def test_what_is_known_is_still_there() -> None:
    for (inside, text), reason in KNOWN.items():
        source = (SOURCE / inside).read_text(encoding="utf-8")
        assert reason
        assert text in {told for _, told in decided_by_text(source, ABOUT | ROUTING_ONLY)}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('if order.dest.region == "CN-XZ":\n    pass', ["CN-XZ"]),
        ('x = row["sku"] in ("A", "B")', ["A", "B"]),
        ('x = attrs.get("channel") != "tmall"', ["tmall"]),
        ('match node.region:\n    case "HK" | "TW":\n        pass', ["HK", "TW"]),
        ('x = node.region == order.region', []),
        ('x = kind == "limit"', []),
    ],
)  # fmt: skip
def test_the_gate_sees_rules(source: str, found: list[str]) -> None:
    assert [text for _, text in decided_by_text(source, ABOUT)] == found


def test_the_gate_sees_rules_in_statements_and_templates() -> None:
    assert _SQL.search("where n.region = 'HK'")
    assert _SQL.search("and carrier_code in ('SF')")
    assert _HTML.search('{% if order.region == "HK" %}')
    assert not _SQL.search("where n.region = :region")
