"""The floors of the house, as `pyproject.toml` has them for the import contract."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "entrepot"


def floors() -> list[list[str]]:
    """Rooms floor by floor, from the top; rooms that are not built yet included."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["name"] == "floors")
    return [[room.strip(" ()") for room in layer.split("|")] for layer in layers]


def below(room: str) -> set[str]:
    """The rooms on lower floors than `room`."""
    levels = floors()
    mine = next(i for i, level in enumerate(levels) if room in level)
    return {other for level in levels[mine + 1 :] for other in level}
