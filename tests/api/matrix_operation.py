"""One row of the tenant matrix: a good request, and which ids in it can be foreign."""

from typing import Any, NamedTuple


class Operation(NamedTuple):
    """A good request: target and body hold `{name}` for ids of the world it is asked in."""

    method: str
    path: str
    target: str
    body: Any
    permission: str
    ids: tuple[str, ...]
    """Which ids are in it: each is swapped for a foreign one in turn."""
    foreign: int = 404
    """What a foreign id answers; 200 for a search, which then must be empty."""
