"""R2: the crash drill finds every deliberately broken variant of stock in at most three seeds.

Each variant is a patch tests/breakages/R2_crash_*.patch, applied alone to a copy of the tree;
those about races carry the delay between read and write that opens them.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec

SEEDS = 3
OPERATIONS = 300
KILLS = 6


class Found(msgspec.Struct):
    """Whether a variant was found, with which seed (from 1) and by what; `unbroken`: the same
    tree without any patch, which must be clean."""

    variant: str
    found: bool
    seeds: int
    seconds: float
    by: str


def variants(folder: Path, only: str) -> list[Path]:
    """The patches, by name."""
    return [one for one in sorted(folder.glob("R2_crash_*.patch")) if only in one.name]


def try_variant(
    patch: Path | None, copied: Callable[[], AbstractContextManager[Path]], seed: int
) -> Found:
    """Run the drill on a copy with this patch until it finds something; without, all seeds.

    Raises RuntimeError when the drill itself did not come to a report.
    """
    name = patch.stem.removeprefix("R2_crash_") if patch else "unbroken"
    began = time.monotonic()
    with copied() as tree:
        if patch is not None:
            command = ["git", "apply", "--unsafe-paths", f"--directory={tree}", str(patch)]
            subprocess.run(command, check=True, cwd=tree.parent)
        for turn in range(1, SEEDS + 1):
            report = _report(tree, seed + turn)
            if report["faults"]:
                by = str(report["faults"][0])[:160]
                return Found(name, True, turn, round(time.monotonic() - began, 1), by)
    return Found(name, False, SEEDS, round(time.monotonic() - began, 1), "")


def _report(tree: Path, seed: int) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.stock.crash", str(seed), str(OPERATIONS), str(KILLS)],
        cwd=tree, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"seed"')]
    if not lines:
        raise RuntimeError(done.stdout[-1500:] + done.stderr[-3000:])
    decoded: dict[str, Any] = msgspec.json.decode(lines[-1])
    return decoded
