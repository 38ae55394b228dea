"""Whatever the rooms of stock, counts, catalogue and nodes refuse has words on pages."""

import ast
from collections.abc import Iterator
from pathlib import Path

from entrepot.stock import errors
from entrepot.web import catalog_words, languages, lot_words, refusals

SOURCE = Path(refusals.__file__).resolve().parents[1]
ROOMS = ("catalog", "counts", "nodes", "stock")
PROGRAMS = {
    "weaker": "reservations are changed by the API alone",
    "backordered": "reservations are fulfilled by the API alone",
    "permission_missing": "pages say what a right is missing for all (403)",
    "unknown_policy": "routing policies come by the API",
}
PROGRAMS_FIELDS = {
    "end_given": "documents of movements come by the API", "end_missing": "the same",
    "nothing_moves": "the same", "other_node": "the same",
    "no_such_expiry": "reservations come by the API",
    "one_of_two": "pages send one file, or one list",
    "too_many": "pages cut or tell it beside their list",
}  # fmt: skip


def told() -> Iterator[tuple[str, bool]]:
    """Codes that a room writes into a refusal; True: of one field."""
    for room in ROOMS:
        for path in sorted((SOURCE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                for word in node.keywords:
                    if word.arg == "code" and isinstance(word.value, ast.Constant):
                        yield str(word.value.value or "unknown_"), False
                name = node.func.id if isinstance(node.func, ast.Name) else ""
                if name == "FieldError" and len(node.args) > 1:
                    code = node.args[1]
                    if isinstance(code, ast.Constant):
                        yield str(code.value), True


def test_every_refusal_of_stock_has_words() -> None:
    whole = {code for code, of_field in told() if not of_field} | set(errors._AGAINST)
    assert len(whole) > 60, "the sources were read"
    known = set(refusals._CODES) | set(lot_words._CODES) | set(catalog_words.REFUSAL)
    # what is not there any more is told as a page that is not there
    silent = {code for code in whole - known if not code.startswith("unknown_")}
    assert silent - set(PROGRAMS) == set()


def test_every_fault_of_a_field_of_stock_has_words() -> None:
    faults = {code for code, of_field in told() if of_field}
    faults |= set(errors._MISSING) | set(errors._WRONG)
    assert len(faults) > 40
    known = set(refusals._FIELDS) | set(catalog_words.FAULT)
    assert faults - known - set(PROGRAMS_FIELDS) == set()


def test_words_that_need_facts_are_told_with_them() -> None:
    """A text with a gap would be shown with the gap."""
    for texts in (refusals._CODES, catalog_words.REFUSAL):
        assert [code for code, pair in texts.items() if "%(" in pair[0] + pair[1]] == []
    said = languages.catalogue("zh-CN").gettext
    assert said(refusals._FIELDS["unknown_cause"]) == "请从列表中选择。"
