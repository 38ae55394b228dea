"""What `make setup` does over again when sources changed: a pull never leaves stale pages.

The Makefile runs in a small tree whose interpreter only writes down what it was asked to run.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.house.floors import ROOT

WEB = "src/entrepot/web"
SOURCES = [
    "frontend/package.json", "frontend/package-lock.json", "frontend/src/page.ts",
    "frontend/src/scan/camera.ts", "frontend/build/compressed.ts", f"{WEB}/build_assets.py",
    f"{WEB}/catalogues.py", f"{WEB}/templates/staff/home.html",
    f"{WEB}/locales/zh_CN/LC_MESSAGES/entrepot.po",
]  # fmt: skip
INSTALLS = ["pyproject.toml", "constraints.txt"]
BUILDS = "-m entrepot.web.build_assets"
_INTERPRETER = """#!/bin/sh
echo "$@" >> asked.txt
mkdir -p src/entrepot/web/static
"""


class Tree:
    """A tree with the Makefile; what `make` writes is newer than all else."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copy(ROOT / "Makefile", root)
        for name in (*SOURCES, *INSTALLS):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(name)
        for name in ("python", "uv"):
            tool = root / ".venv" / "bin" / name
            tool.parent.mkdir(parents=True, exist_ok=True)
            tool.write_text(_INTERPRETER)
            tool.chmod(0o755)
        self._age()

    def _age(self) -> None:
        """All of it an hour ago, the stamps a little later: what changes from here on is newer,
        however coarse the clock of the file system is."""
        past = time.time() - 3600
        for path in self.root.rglob("*"):
            os.utime(path, (past, past))
        for later, stamp in ((10, ".venv/setup.stamp"), (20, f"{WEB}/static/.built-from")):
            if (self.root / stamp).exists():
                os.utime(self.root / stamp, (past + later, past + later))

    def set_up(self) -> list[str]:
        """What was run: empty when nothing was to be done."""
        asked = self.root / "asked.txt"
        asked.unlink(missing_ok=True)
        command = ["make", "setup", f"PYTHON={self.root}/.venv/bin/python"]
        subprocess.run(command, cwd=self.root, check=True, capture_output=True)
        self._age()
        return asked.read_text().splitlines() if asked.exists() else []


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(tmp_path)
    first = made.set_up()
    assert any("pip install" in line for line in first)
    assert first[-1] == BUILDS
    return made


def test_nothing_is_done_when_nothing_changed(tree: Tree) -> None:
    assert tree.set_up() == []


@pytest.mark.parametrize("source", SOURCES)
def test_what_pages_are_made_of_builds_them_and_installs_nothing(tree: Tree, source: str) -> None:
    (tree.root / source).write_text("changed")
    assert tree.set_up() == [BUILDS]
    assert tree.set_up() == []


def test_a_template_that_came_or_went_builds_the_pages(tree: Tree) -> None:
    came = tree.root / WEB / "templates" / "staff" / "came.html"
    came.write_text("came")
    assert tree.set_up() == [BUILDS]
    came.unlink()
    assert tree.set_up() == [BUILDS]


def test_compiled_words_are_no_source(tree: Tree) -> None:
    """Else the first building would ask for a second one."""
    compiled = tree.root / WEB / "locales" / "zh_CN" / "LC_MESSAGES" / "entrepot.mo"
    compiled.write_text("compiled")
    built = (tree.root / WEB / "static" / ".built-from").stat().st_mtime
    os.utime(compiled.parent, (built - 1, built - 1))
    assert tree.set_up() == []


@pytest.mark.parametrize("source", INSTALLS)
def test_other_dependencies_install_and_build(tree: Tree, source: str) -> None:
    (tree.root / source).write_text("changed")
    done = tree.set_up()
    assert any("pip install" in line for line in done)
    assert done[-1] == BUILDS
