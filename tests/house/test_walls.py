"""The walls of the house: who may import whom, write where, and build a principal."""

import ast
import re
from pathlib import Path

import grimp
import pglast
import pytest

from tests.house.floors import ROOT, SOURCE, below, floors

ROOMS = {room for floor in floors() for room in floor}
SQL_FILES = sorted(SOURCE.rglob("*.sql"))
_NAMED = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)
_QUIET = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_WRITE = re.compile(
    r"\b(?:insert\s+into|update|delete\s+from|truncate(?:\s+table)?|alter\s+table|"
    r"drop\s+(?:table|view|function|schema)(?:\s+if\s+exists)?|"
    r"create\s+(?:unlogged\s+)?(?:table|view|type|schema|sequence)(?:\s+if\s+not\s+exists)?|"
    r"create(?:\s+or\s+replace)?\s+(?:function|view|procedure))\s+(?:only\s+)?(\w+)(?:\.(\w+))?",
    re.IGNORECASE,
)
_GRANT_WORDS = {"of", "on", "set", "nothing"}
_CLOCKS = re.compile(
    r"\b(now|random|gen_random_uuid|clock_timestamp|statement_timestamp|uuid_generate_v4)\s*\("
    r"|\b(current_timestamp|current_date|localtimestamp)\b",
    re.IGNORECASE,
)


def room_of(path: Path) -> str:
    """The room that a .sql file belongs to: its folder, or the name in a revision's file name."""
    if "revisions" in path.parts:
        return path.stem.split("_")[1]
    return path.relative_to(SOURCE).parts[0]


def quiet(text: str) -> str:
    """The SQL without comments and literals; dollar-quoted bodies stay."""
    return _QUIET.sub(" ", text)


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_sql_writes_only_in_its_own_room_and_reads_only_downwards(path: Path) -> None:
    room = room_of(path)
    assert room in ROOMS, f"{path.name} belongs to no room"
    allowed = below(room) | {room}
    text = quiet(path.read_text())
    for schema in re.findall(r"(?<![\w.:])([a-z_]+)\.[a-z_]+", text):
        if schema in ROOMS:
            assert schema in allowed, f"{path.name} reaches up or sideways, into {schema}"
    for match in _WRITE.finditer(text):
        name, member = match.groups()
        if name in _GRANT_WORDS or name in {"pg_temp"}:
            continue
        if member is None:
            continue  # `for update`, `on conflict do update`, grants; tables are always qualified
        assert name == room, f"{path.name} writes in {name}: {match.group(0)}"
        if room == "flows":
            assert "function" in match.group(0).lower(), "flows hold functions, no tables"


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_every_statement_parses_and_tells_its_columns(path: Path) -> None:
    text = path.read_text()
    if _NAMED.search(text):
        from entrepot.platform.sqlfile import load_sql

        statements = [s.sql for s in load_sql(str(path.parent / "x.py"), path.name).values()]
    else:
        statements = [text]
    for sql in statements:
        pglast.parse_sql(sql)
        assert not re.search(r"\bselect\s+\*|\.\*\s*(?:,|from\b)", quiet(sql), re.IGNORECASE), path
        assert "citext" not in sql.lower()


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_sql_never_asks_a_clock_or_for_chance(path: Path) -> None:
    text = quiet(path.read_text())
    for match in _CLOCKS.finditer(text):
        line = text[text.rfind("\n", 0, match.start()) + 1 : text.find("\n", match.end())]
        assert "recorded_at" in line and "default" in line, f"{path.name}: {line.strip()}"


def test_revisions_are_named_after_their_room() -> None:
    for path in SOURCE.glob("revisions/*/*.sql"):
        assert re.fullmatch(r"\d{12}_[a-z]+_[a-z_]+", path.stem), path.name


PURE = {
    "entrepot.access.signatures": {"entrepot.kernel", "cryptography"},
    "entrepot.consolidation.packing": {"entrepot.kernel", "msgspec"},
    "entrepot.carriers.rating": {"entrepot.kernel", "msgspec"},
    "entrepot.routing.engine": {"entrepot.kernel", "msgspec", "numpy", "highspy"},
}


def test_pure_modules_import_only_what_they_may() -> None:
    graph = grimp.build_graph("entrepot", include_external_packages=True)
    import sys

    for module, allowed in PURE.items():
        for inner in sorted(m for m in graph.modules if m == module or m.startswith(module + ".")):
            for found in graph.find_modules_directly_imported_by(inner):
                top = found.split(".")[0]
                fits = any(found == a or found.startswith(a + ".") for a in allowed | {module})
                assert fits or top in sys.stdlib_module_names, f"{inner} imports {found}"


def test_only_access_and_jobs_build_principals() -> None:
    """A principal is built after proof: in access, in jobs, and by the local command line."""
    kinds = {"Staff", "Shopper", "ApiKey", "Operator", "Job", "Visitor"}
    allowed = {
        "Staff": {"access"},
        "Shopper": {"access"},
        "ApiKey": {"access"},
        "Visitor": {"access"},
        "Job": {"jobs"},
        "Operator": {"access", "api", "cli", "app", "platform", "tenancy", "jobs"},
    }
    for path in SOURCE.rglob("*.py"):
        room = path.relative_to(SOURCE).parts[0]
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                name = node.func.id
                if name in kinds and room != "kernel":
                    assert room in allowed[name], f"{path.relative_to(ROOT)} builds a {name}"


def test_files_and_functions_keep_their_bounds() -> None:
    long = []
    for path in [*SOURCE.rglob("*.py"), *SQL_FILES, *SOURCE.rglob("*.html")]:
        lines = path.read_text().count("\n")
        if lines > 400:
            long.append(f"{path.relative_to(ROOT)}: {lines} lines")
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > 70:
                    long.append(f"{path.relative_to(ROOT)}: {node.name} has {lines} lines")
    assert not long, "\n".join(long)


def test_every_module_says_what_it_is_for() -> None:
    bare = [p for p in SOURCE.rglob("*.py") if not ast.get_docstring(ast.parse(p.read_text()))]
    assert not bare


def test_names_are_the_trades_words() -> None:
    banned = re.compile(r"(?:^|_)(manager|helper|helpers|util|utils|misc|common)(?:_|$)")
    for path in SOURCE.rglob("*.py"):
        assert not banned.search(path.stem), path
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                assert not re.search(r"(Manager|Helper|Util)$", node.name), f"{path}: {node.name}"
