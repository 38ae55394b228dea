"""Take away each predicate of a customer or a warehouse, one at a time, and see who notices (R4).

The predicates are found in the SQL of every room by how they are written, so a new file's are
found by itself. Each is turned into a truth in a copy of the tree; then the tests of its room
are run, and when none turns red the tenant matrix as well.
"""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

_PLACES = r"(?::|p_)warehouses(?:::text\[\])?"
_WHOSE = r"(?::|p_)(?:(?:scope_)?customer_id|owners?)(?:::\w+)?(?![\w(])"
_LEFT = r"[a-z_][\w.]*(?:\[\w+\])?"
# `set customer_id = :customer_id` writes, it narrows nothing
_NARROWS = re.compile(rf"(?<!\bset )\b{_LEFT}\s*=\s*(?:any\(\s*{_PLACES}\s*\)|{_WHOSE})")
_EXCLUDES = re.compile(rf"\b{_LEFT}\s*<>\s*all\(\s*{_PLACES}\s*\)")
_ONLY_WHO_SEES_ALL = re.compile(rf"{_PLACES}\s+is null(?!\s+or\b)")
_NOT_OF_TENANTS = {"revisions", "tenancy"}
_QUICK = "not browser and not crash and not slow and not drill"
_MATRIX = "tests/api/test_tenant_matrix.py"
_FIRST = "tests/flows/test_scopes.py"


class Predicate(msgspec.Struct, frozen=True):
    """What narrows a statement to a scope; `without` is the same, true for everybody."""

    path: str
    line: int
    start: int
    end: int
    text: str
    without: str

    @property
    def room(self) -> str:
        """The room whose statement it is."""
        return Path(self.path).parent.name


def predicates_of(path: str, sql: str) -> Iterator[Predicate]:
    """Every predicate of one file, in order."""
    found = []
    for pattern, always in (
        (_NARROWS, "({} or true)"), (_EXCLUDES, "({} and false)"),
        (_ONLY_WHO_SEES_ALL, "({} or true)"),
    ):  # fmt: skip
        for match in pattern.finditer(sql):
            line = sql.count("\n", 0, match.start()) + 1
            said = sql.splitlines()[line - 1].lstrip()
            if not said.startswith("--"):
                text = match.group(0)
                found.append(Predicate(path, line, *match.span(), text, always.format(text)))
    yield from sorted(found, key=lambda one: one.start)


def predicates(tree: Path) -> list[Predicate]:
    """Those of the whole tree: named statements and functions, without landed revisions and
    the control plane, which has no customers."""
    return [
        one
        for file in sorted((tree / "src" / "entrepot").rglob("*.sql"))
        if not _NOT_OF_TENANTS & set(file.parts)
        for one in predicates_of(str(file.relative_to(tree)), file.read_text(encoding="utf-8"))
    ]


def tests_of(tree: Path, room: str) -> list[str]:
    """The files of tests that speak of a room: those of scopes first, then those with walls."""
    said = re.compile(rf"\b(?:entrepot|tests)\.{room}\b")
    walls = re.compile(r"staff_of\(|row_security|warehouses=")
    speak = []
    for file in sorted((tree / "tests").rglob("test_*.py")):
        text = file.read_text("utf-8")
        if not {"browser", "house"} & set(file.parts) and said.search(text):
            speak.append((walls.search(text) is None, str(file.relative_to(tree))))
    files = [one for _, one in sorted(speak)]
    return [_FIRST, *(one for one in files if one not in (_FIRST, _MATRIX))]


def not_noticed(
    tree: Path, run: Callable[..., subprocess.CompletedProcess[str]], only: str = ""
) -> list[str]:
    """Fell every predicate whose name holds `only`, in `tree`, a copy; the unnoticed ones.

    `run` starts pytest in that copy with the arguments it is given. Raises RuntimeError when a
    test that noticed is red for another reason.
    """
    unnoticed = []
    for one in predicates(tree):
        name = f"{one.path.removeprefix('src/entrepot/')}:{one.line} {' '.join(one.text.split())}"
        if only not in name:
            continue
        file, began = tree / one.path, time.monotonic()
        whole = file.read_text(encoding="utf-8")
        file.write_text(whole[: one.start] + one.without + whole[one.end :], encoding="utf-8")
        try:
            said = _red(run, ["-x", "-m", _QUICK, *tests_of(tree, one.room)]) or _red(
                run, ["-x", _MATRIX]
            )
        finally:
            file.write_text(whole, encoding="utf-8")
        if said and _red(run, [said]):
            raise RuntimeError(f"{said} is red without any change")
        word = f"red by {said}" if said else "NOT NOTICED"
        print(f"{name}: {word} ({time.monotonic() - began:.0f} s)", flush=True)
        if not said:
            unnoticed.append(name)
    return unnoticed


def _red(run: Callable[..., subprocess.CompletedProcess[str]], arguments: list[str]) -> str:
    """The first test that fails, or nothing. Raises RuntimeError when the tests did not run."""
    done = run(*arguments)
    if done.returncode == 0:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    if done.returncode != 1 or failed is None:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return failed.group(1)
