"""The policies that ship with the package: strategies and packs, to use or to eject and edit."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

from entrepot.kernel.refusals import NotFound
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.files import read_policy

Shelf = Literal["packs", "strategies"]


@cache
def names_on(shelf: Shelf) -> tuple[str, ...]:
    """The names on a shelf, sorted."""
    return tuple(sorted(file.name.removesuffix(".json") for file in _files(shelf)))


def shelf_bytes(name: str) -> bytes:
    """The document of a strategy or pack as it ships. NotFound when there is none."""
    for shelf in ("packs", "strategies"):
        for file in _files(shelf):
            if file.name == f"{name}.json":
                return file.read_bytes()
    raise NotFound(f"no policy {name!r} on the shelf")


def from_shelf(name: str) -> Policy:
    """The same, read."""
    return read_policy(shelf_bytes(name))


def _files(shelf: str) -> list[Traversable]:
    folder = files("entrepot.routing.policy").joinpath(shelf)
    return [file for file in folder.iterdir() if file.name.endswith(".json")]
