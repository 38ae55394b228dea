"""Break one place of the engine at a time and see whether its tests turn red.

    python -m tests.routing.mutants [--count 300] [--seed 4] [--jobs 2] [--minutes 20]
        [--write FILE]

A mutant is one changed comparison, operator, number, condition or choice of the smaller. Places
are drawn with a fixed seed from all modules of the engine but `format` (declarations), tuning
constants (module-level `Final` numbers: they change how long, not what) and what `_guards` and
`UNTOLD` name. Each mutant runs in a forked child of its own under a CPU limit; a crash or the
limit counts as caught. Asked are the kept answers of `test_kill_suite.py` and `test_golden.py`
and the short tests of the module; the long random tests are not, so the true share is higher.
The order is shuffled, so a run that `--minutes` ends is a smaller draw from all modules.
"""

import argparse
import ast
import datetime
import importlib
import importlib.abc
import importlib.util
import json
import os
import random
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.routing.equivalent_mutants import EQUIVALENT

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "src" / "entrepot" / "routing" / "engine"
PACKAGE = "entrepot.routing.engine"
LEFT_OUT = {"__init__.py", "format.py"}
CPU_SECONDS = 60
"""The kill suite takes a sixth of it on whole code; who needs more loops or works in vain."""
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot,
    ast.IsNot: ast.Is, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult, ast.Div: ast.Mult, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.And: ast.Or,
    ast.Or: ast.And, ast.Break: ast.Continue, ast.Continue: ast.Break,
}  # fmt: skip
NAMES = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "any": "all",
    "all": "any", "argmin": "argmax", "floor": "ceil",
}  # fmt: skip
_LISTED = ["met", "mixed", "drawing", "hurried", "following", "small", "starved", "many"]
_PRICED = ["wild", "priced", "alike", "closed", "drawing", "large", "heavy", "many", "filled"]
_WAVED = ["waving", "drawn_together", "turning", "wave"]
_EVERY = [*_LISTED, "bare", *_PRICED]
WAVING = [
    "charging", "choosing", "exchanging", "halving", "listing", "master", "offers", "program",
    "tightening", "waves",
]  # fmt: skip
KINDS = {
    "decoding.py": ["mistakes"], "checking.py": ["limits", "mistakes"],
    **{f"{name}.py": _WAVED for name in WAVING},
    "bounding.py": _LISTED, "lattice.py": _LISTED, "searching.py": _LISTED, "table.py": _LISTED,
    "explaining.py": [*_LISTED, "bare"], "excluding.py": [*_LISTED, "bare"],
    "routing.py": ["following", "drawing", "met", "bare", *_WAVED],
    "closing.py": _PRICED, "columns.py": _PRICED, "descending.py": _PRICED,
    "filling.py": ["many", "filled", "met", "mixed", "drawing"],
    "greedy.py": _PRICED, "pricing.py": _PRICED, "resting.py": _PRICED,
}  # fmt: skip
"""The kinds of kept answers that a module has a part in, the sharpest first; else `_EVERY`."""
_WAVE_TESTS = ["tests/routing/test_wave_edges.py", "tests/routing/test_tightening.py"]
UNTOLD = {"output_flag", "threads"}
"""Options of HiGHS about its log and its threads (small waves use one either way)."""
TESTS = {
    "decoding.py": ["tests/routing/test_decoding.py"],
    "checking.py": ["tests/routing/test_decoding.py"],
    "deciding.py": ["tests/routing/test_tries.py"],
    "resting.py": ["tests/routing/test_resting.py"],
    "pricing.py": ["tests/routing/test_resting.py"],
    **{f"{name}.py": _WAVE_TESTS for name in WAVING},
}
OPTIONS = ["-x", "-q", "-m", "not drill", "-p", "no:cacheprovider"]
_OPERATED = ast.BinOp | ast.AugAssign | ast.BoolOp | ast.UnaryOp
Place = tuple[str, int]
"""A file and the number of a mutable spot in it."""


def _skipped(tree: ast.Module) -> set[int]:
    """Nodes that are no behaviour: annotations, docstrings, tuning constants."""
    out: set[int] = set()
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        if isinstance(node, ast.AnnAssign):
            parts.append(node.annotation)
            if "Final" in ast.unparse(node.annotation):
                parts.append(node.value)
        elif isinstance(node, ast.FunctionDef):
            arguments = node.args
            every = [*arguments.args, *arguments.kwonlyargs]
            parts += [node.returns, *(argument.annotation for argument in every)]
        elif isinstance(node, ast.ClassDef):
            parts += [keyword.value for keyword in node.keywords]
        elif isinstance(node, ast.Assign) and node in tree.body:
            parts.append(node.value)
        elif isinstance(node, ast.Call):
            parts += _guards(node)
        elif isinstance(node, ast.Tuple):
            first = node.elts[0] if node.elts else None
            if isinstance(first, ast.Constant) and first.value in UNTOLD:
                parts += node.elts
        for part in parts:
            if part is not None:
                out |= {id(inner) for inner in ast.walk(part)}
    return out


def _guards(call: ast.Call) -> list[ast.expr]:
    """What cannot change an answer: the size of a cache, and `strict` of zip.

    `strict` only says aloud that two lists are equally long, which they always are here.
    """
    name = getattr(call.func, "id", "")
    left_out = {"zip": {"strict"}, "lru_cache": {"maxsize"}}.get(name, set())
    return [keyword.value for keyword in call.keywords if keyword.arg in left_out]


def spots(tree: ast.Module) -> Iterator[tuple[ast.AST, str, int]]:
    """Every mutable spot: node, field and index in a list (else -1), in a fixed order."""
    skipped = _skipped(tree)
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Compare):
            yield from ((node, "ops", i) for i in range(len(node.ops)))
        elif isinstance(node, _OPERATED) and type(node.op) in {*SWAPS, ast.Not, ast.USub}:
            yield node, "op", -1
        elif isinstance(node, ast.If | ast.While | ast.IfExp):
            yield node, "test", -1
        elif isinstance(node, ast.Constant) and isinstance(node.value, int):
            yield node, "value", -1
        elif isinstance(node, ast.Name) and node.id in NAMES and isinstance(node.ctx, ast.Load):
            yield node, "id", -1
        elif isinstance(node, ast.Attribute) and node.attr in NAMES:
            yield node, "attr", -1
        elif isinstance(node, ast.Break | ast.Continue):
            yield node, "", -1


def mutate(tree: ast.Module, number: int) -> str:
    """Change the spot with this number; what was done, with its line."""
    node, field, index = list(spots(tree))[number]
    line = getattr(node, "lineno", 0)
    before = ast.unparse(node)
    if field == "ops":
        assert isinstance(node, ast.Compare)
        node.ops[index] = SWAPS[type(node.ops[index])]()  # type: ignore[call-overload]
    elif isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.Not):
            node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
        node.op = ast.UAdd()
    elif field == "op":
        node.op = SWAPS[type(node.op)]()  # type: ignore[attr-defined]
    elif field == "test":
        test: ast.expr = node.test  # type: ignore[attr-defined]
        node.test = ast.UnaryOp(ast.Not(), test)  # type: ignore[attr-defined]
    elif isinstance(node, ast.Constant):
        node.value = (not node.value) if isinstance(node.value, bool) else int(node.value) + 1
    elif isinstance(node, ast.Name):
        node.id = NAMES[node.id]
    elif isinstance(node, ast.Attribute):
        node.attr = NAMES[node.attr]
    else:
        node.__class__ = SWAPS[type(node)]  # type: ignore[assignment]
    ast.fix_missing_locations(tree)
    after = ast.unparse(node)
    return f"line {line}: {before[:70]}  ->  {after[:70]}"


class _Broken(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module of the engine from a changed tree."""

    def __init__(self, name: str, tree: ast.Module, file: Path) -> None:
        self.name, self.tree, self.file = name, tree, file

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.file, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.tree, str(self.file), "exec"), module.__dict__)


def places() -> list[Place]:
    """Every mutable spot of the engine."""
    found = []
    for file in sorted(ENGINE.glob("*.py")):
        if file.name not in LEFT_OUT:
            count = sum(1 for _ in spots(ast.parse(file.read_text(encoding="utf-8"))))
            found += [(file.name, number) for number in range(count)]
    return found


def _child(place: Place | None) -> int:
    """Ask the kept answers and the module's own tests about the mutant; None: about no mutant."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    if place is None:
        return _noticed(
            [*_EVERY, *_WAVED, "limits", "mistakes"],
            sorted({t for ts in TESTS.values() for t in ts}),
        )
    name, number = place
    tree = ast.parse((ENGINE / name).read_text(encoding="utf-8"))
    mutate(tree, number)
    sys.meta_path.insert(0, _Broken(f"{PACKAGE}.{name.removesuffix('.py')}", tree, ENGINE / name))
    return _noticed(KINDS.get(name, _EVERY), TESTS.get(name, []))


def _noticed(kinds: list[str], tests: list[str]) -> int:
    """0: nothing moved. Kept answers first, without the time that pytest takes to start."""
    from tests.routing import test_golden, test_kill_suite

    kept = json.loads(test_kill_suite.KEPT.read_text(encoding="utf-8"))
    golden = json.loads(test_golden.KEPT.read_text(encoding="utf-8"))
    for kind in dict.fromkeys(kinds):
        if kind in kept and test_kill_suite.first_moved(kind, kept[kind]) is not None:
            return 1
        if kind in golden and kind not in kept and test_golden.digests(kind) != golden[kind]:
            return 1
    return int(pytest.main([*OPTIONS, *tests])) if tests else 0


def _start(place: Place | None) -> int:
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            code = _child(place)
        finally:
            os._exit(code)
    return pid


def run(chosen: list[Place], jobs: int, until: float) -> tuple[list[Place], int]:
    """The mutants that no test noticed; how many were tried, none begun after `until`."""
    survivors: list[Place] = []
    waiting, running = list(reversed(chosen)), {}
    done = 0
    while waiting or running:
        while waiting and len(running) < jobs:
            place = waiting.pop()
            running[_start(place)] = place
        pid, status = os.waitpid(-1, 0)
        place = running.pop(pid)
        done += 1
        if time.monotonic() > until:
            waiting.clear()
        if done % 20 == 0:
            print(f"{done}/{len(chosen)}, {len(survivors)} survived", file=sys.stderr)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            survivors.append(place)
            print(f"{done}/{len(chosen)} survived: {described(place)}", file=sys.stderr)
    return sorted(survivors), done


def described(place: Place) -> str:
    """A mutant in words."""
    name, number = place
    return f"{name} {mutate(ast.parse((ENGINE / name).read_text(encoding='utf-8')), number)}"


def _survivors(chosen: list[Place], earlier: Path) -> tuple[list[Place], list[Place]]:
    """What an earlier result of the same draw tried, and what of it survived.

    Sound as long as tests have only been added since.
    """
    result = json.loads(earlier.read_text(encoding="utf-8"))
    named = {*result["survivors"], *result.get("equivalent_because", {})}
    chosen = chosen[: result["tried"]]
    found = [place for place in chosen if described(place) in named]
    if result["tried"] != len(chosen) or {described(place) for place in found} != named:
        raise SystemExit("that result is of another draw or of other code")
    return chosen, found


def equivalent(place: Place) -> str | None:
    """Why a surviving mutant changes no answer; None: nobody has shown that."""
    name, number = place
    text = (ENGINE / name).read_text(encoding="utf-8")
    words = mutate(ast.parse(text), number)
    source = text.splitlines()[int(words.split(":")[0].removeprefix("line ")) - 1]
    for file, part, change, reason in EQUIVALENT:
        if file == name and part in source and change in words:
            return reason
    return None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=600.0, help="begin none after these")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--again", type=Path, help="a result; try only its survivors")
    parser.add_argument("--least-percent", type=float, default=85.0)
    arguments = parser.parse_args()
    os.chdir(ROOT)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for name in ("numpy", "highspy", "pytest", "tests.postgres_fixture"):
        importlib.import_module(name)
    assert PACKAGE not in sys.modules
    every = places()
    count = min(arguments.count, len(every))
    chosen = sorted(random.Random(arguments.seed).sample(every, count))
    random.Random(arguments.seed).shuffle(chosen)
    if os.waitstatus_to_exitcode(os.waitpid(_start(None), 0)[1]) != 0:
        raise SystemExit("the tests are red on whole code, so they would catch anything")
    start = time.monotonic()
    known: list[Place] = []
    until = start + 60 * arguments.minutes
    if arguments.again:
        chosen, trying = _survivors(chosen, arguments.again)
        known = [place for place in trying if equivalent(place)]
        lived, _ = run([p for p in trying if p not in known], arguments.jobs, float("inf"))
    else:
        lived, tried = run(chosen, arguments.jobs, until)
        chosen = chosen[:tried]
    lived = sorted(known + lived)
    same = {described(place): reason for place in lived if (reason := equivalent(place))}
    survivors = [place for place in lived if described(place) not in same]
    judged = len(chosen) - len(same)
    percent = round(100 * (judged - len(survivors)) / judged, 1)
    by_file = {
        name: [sum(p[0] == name for p in chosen), sum(p[0] == name for p in survivors)]
        for name in sorted({p[0] for p in chosen})
    }
    result = {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "what": "one changed comparison, operator, number, condition or name of the engine each;"
        " caught = a kept answer or a short test of tests/routing is red, or the CPU limit ends it",
        "places": len(every), "drawn": count, "tried": len(chosen), "seed": arguments.seed,
        "caught": judged - len(survivors), "equivalent": len(same), "percent": percent,
        "percent_with_equivalent": round(100 * (len(chosen) - len(lived)) / len(chosen), 1),
        "only_survivors_tried_again": arguments.again is not None,
        "minutes": round((time.monotonic() - start) / 60, 1), "jobs": arguments.jobs,
        "load": [round(load, 1) for load in os.getloadavg()],
        "tried_and_survived": by_file, "survivors": [described(place) for place in survivors],
        "equivalent_because": same,
    }  # fmt: skip
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    print(text)
    if arguments.write:
        arguments.write.write_text(text, encoding="utf-8")
    raise SystemExit(percent < arguments.least_percent)


if __name__ == "__main__":
    main()
