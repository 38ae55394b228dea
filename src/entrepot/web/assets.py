"""The built style and scripts: their hashed addresses, and their bytes ready compressed.

Files are read once and kept in memory (about 2 MB), so serving one costs no disk, no
compression and no path arithmetic: a name that is not in the table does not exist.
"""

import hashlib
import re
from pathlib import Path

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from entrepot.kernel.refusals import NotFound

STATIC = Path(__file__).parent / "static"
PREFIX = "/static/"

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
_NEVER = re.compile(r"q=0(\.0*)?\s*$")
_FOREVER = "public, max-age=31536000, immutable"


class AssetsMissing(Exception):
    """The build step has not run: `python -m entrepot.web.build_assets`."""


class Asset(msgspec.Struct, frozen=True):
    """One file in the encodings it was built in; `bodies` maps encoding (or "") to bytes."""

    content_type: str
    etag: str
    bodies: dict[str, bytes]


class _Entry(msgspec.Struct, frozen=True):
    file: str
    css: list[str] = []
    imports: list[str] = []


class Assets:
    """The table of built files and the addresses that templates ask for."""

    def __init__(self, folder: Path = STATIC) -> None:
        manifest = folder / "manifest.json"
        if not manifest.exists():
            raise AssetsMissing("run `python -m entrepot.web.build_assets` first")
        self._entries = msgspec.json.decode(manifest.read_bytes(), type=dict[str, _Entry])
        self.files = {path.name: _read(path) for path in folder.iterdir() if path.suffix in _TYPES}

    def script(self, name: str) -> str:
        """The address of an entry script: `page`, `scan`, `theme`."""
        return PREFIX + self._entries[f"src/{name}.ts"].file

    def preloads(self, name: str) -> list[str]:
        """Addresses of what the script imports at once."""
        entry = self._entries[f"src/{name}.ts"]
        return [PREFIX + self._entries[key].file for key in entry.imports]

    def styles(self, name: str) -> list[str]:
        """Addresses of an entry's style sheets."""
        return [PREFIX + file for file in self._entries[f"src/{name}.ts"].css]

    @property
    def icons(self) -> str:
        """The address of the icon sprite; append `#name`."""
        return PREFIX + next(name for name in self.files if name.startswith("icons-"))

    @property
    def mark(self) -> str:
        """The address of the sign for the browser's tab."""
        return PREFIX + next(name for name in self.files if name.startswith("mark-"))


def _read(path: Path) -> Asset:
    plain = path.read_bytes()
    bodies = {"": plain}
    for encoding, suffix in (("br", ".br"), ("gzip", ".gz")):
        packed = path.with_name(path.name + suffix)
        if packed.exists():
            bodies[encoding] = packed.read_bytes()
    return Asset(_TYPES[path.suffix], f'"{hashlib.sha256(plain).hexdigest()[:20]}"', bodies)


def _encoding(accepted: str, asset: Asset) -> str:
    parts = [part.strip() for part in accepted.split(",")]
    offered = {part.partition(";")[0] for part in parts if not _NEVER.search(part)}
    taken = (name for name in ("br", "gzip") if name in offered)
    return next((name for name in taken if name in asset.bodies), "")


def static_handler(assets: Assets) -> HTTPRouteHandler:
    """The handler of `/static/…`: the best encoding the reader takes, cached for a year."""

    @get("/static/{name:str}", include_in_schema=False)
    async def static_file(
        request: Request[object, object, State], name: FromPath[str]
    ) -> Response[bytes]:
        asset = assets.files.get(name)
        if asset is None:
            raise NotFound("there is no such file")
        headers = {
            "cache-control": _FOREVER,
            "etag": asset.etag,
            "vary": "accept-encoding",
            "x-content-type-options": "nosniff",
        }
        if request.headers.get("if-none-match") == asset.etag:
            return Response(b"", status_code=304, headers=headers)
        encoding = _encoding(request.headers.get("accept-encoding", ""), asset)
        if encoding:
            headers["content-encoding"] = encoding
        return Response(asset.bodies[encoding], headers=headers, media_type=asset.content_type)

    return static_file
