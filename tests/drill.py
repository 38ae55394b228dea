"""`make drill PART=…`: the long shows, too long for every commit.

breakages   every patch of tests/breakages/ on a copy of the tree turns its claim's test red
matching    the labelled set with its second seed
crash       the crash test again and again, a new seed each time (ROUNDS, default 10)
isolation   the isolation checks over 30 tenants, all pairs
requests    20,000 generated requests against the API
stock-crash stock under kills, again and again, a new seed each time (ROUNDS, OPERATIONS, KILLS)
R2          the same finds every broken variant (tests/breakages/R2_crash_*) in three seeds
peak        ten times as many orders as usual for ten minutes (ENTREPOT_PEAK_S, _NORMAL)
scopes      every predicate of a customer or warehouse, taken away, turns a test red
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.promises import rows
from tests.scope_predicates import not_noticed
from tests.stock.crash.variants import try_variant, variants

ROOT = Path(__file__).resolve().parents[1]
PARTS = (
    "breakages", "matching", "crash", "isolation", "requests", "scopes", "stock-crash", "R2",
    "peak",
)  # fmt: skip
_LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache",
    ".hypothesis", ".entrepot", "screenshots",
)  # fmt: skip


def pytest(*arguments: str, tree: Path = ROOT, **environment: str) -> int:
    """Run pytest in a tree with this interpreter; the tree's own sources come first."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    path = f"{tree / 'src'}{os.pathsep}{tree}"
    return subprocess.run(
        command, cwd=tree, env={**os.environ, "PYTHONPATH": path, **environment}, check=False
    ).returncode


def break_everything(only: str | None) -> list[str]:
    """Apply each breakage alone; which ones no test noticed."""
    unnoticed = []
    for claim in rows("claims.tsv"):
        if only and claim["id"] != only:
            continue
        with copied() as tree:
            patch = ROOT / "tests" / "breakages" / claim["breakage"]
            subprocess.run(
                ["git", "apply", "--unsafe-paths", f"--directory={tree}", patch],
                check=True,
                cwd=tree.parent,
            )
            nodes = [node.strip() for node in claim["test"].split(",")]
            began = time.monotonic()
            red = pytest("-x", *nodes, tree=tree) == 1
            word = "red, as it must be" if red else "NOT NOTICED"
            print(f"{claim['id']}: {claim['breakage']}: {word} ({time.monotonic() - began:.0f} s)")
            if not red:
                unnoticed.append(claim["id"])
    return unnoticed


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the tree, for what changes it."""
    with tempfile.TemporaryDirectory(prefix="entrepot-copy-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=_LEFT_BEHIND)
        yield tree


def stock_crash(seed: int) -> str:
    """Rounds of the crash drill of stock, each on an installation of its own."""
    sizes = [os.environ.get("OPERATIONS", "10000"), os.environ.get("KILLS", "40")]
    for turn in range(int(os.environ.get("ROUNDS", "5"))):
        command = [sys.executable, "-m", "tests.stock.crash", str(seed + turn), *sizes]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            return f"stock-crash with seed {seed + turn}"
    return ""


def unfound_variants(only: str, seed: int) -> list[str]:
    """Break stock in each way, alone; which ways the crash drill does not find."""
    unfound = []
    for patch in [None, *variants(ROOT / "tests" / "breakages", only)]:
        found = try_variant(patch, copied, seed)
        print(msgspec.json.encode(found).decode(), flush=True)
        if found.found is (patch is None):
            unfound.append(found.variant)
    return unfound


def unnoticed_scopes(only: str) -> list[str]:
    """Take away each predicate in a copy; see tests/scope_predicates.py."""
    with copied() as tree:
        path = f"{tree / 'src'}{os.pathsep}{tree}"

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
                cwd=tree, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
                check=False,
            )  # fmt: skip

        return not_noticed(tree, run, only)


def main() -> int:
    """Run one part or all of them; 1 when any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="all", choices=[*PARTS, "all"])
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--only", help="one claim, or what the name of a predicate holds")
    given = parser.parse_args()
    print(f"seed {given.seed}")
    wanted = PARTS if given.part == "all" else (given.part,)
    failed = []
    if "breakages" in wanted and break_everything(given.only):
        failed.append("breakages")
    if "stock-crash" in wanted and (found := stock_crash(given.seed)):
        failed.append(found)
    if "R2" in wanted and unfound_variants(given.only or "", given.seed):
        failed.append("R2")
    if "scopes" in wanted and unnoticed_scopes(given.only or ""):
        failed.append("scopes")
    if "matching" in wanted and pytest("-m", "drill", "tests/parcels"):
        failed.append("matching")
    if "crash" in wanted:
        for turn in range(int(os.environ.get("ROUNDS", "10"))):
            if pytest(
                "tests/test_crash.py", "-k", "acknowledged", ENTREPOT_SEED=str(given.seed + turn)
            ):
                failed.append(f"crash with seed {given.seed + turn}")
                break
    if "peak" in wanted and pytest(
        "-s", "tests/flows/test_peak.py",
        ENTREPOT_PEAK_S=os.environ.get("ENTREPOT_PEAK_S", "600"),
    ):  # fmt: skip
        failed.append("peak")
    if "isolation" in wanted and pytest("-m", "drill", "tests/tenancy"):
        failed.append("isolation")
    if "requests" in wanted and pytest(
        "-s", "tests/api/test_no_500.py", ENTREPOT_SEED=str(given.seed), ENTREPOT_REQUESTS="20000"
    ):
        failed.append("requests")
    print(f"failed: {', '.join(failed)}" if failed else "all parts passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
