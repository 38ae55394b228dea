"""A scan on a list of work: the one thing it stands for is opened, of several one chooses, and
that there is none is said. Works without a script: the list's field is a form of its own."""

from collections.abc import Iterable

import msgspec

from entrepot.flows.name_skus import name_skus
from entrepot.web.deps import Site
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import Visit

_LONGEST = 120


class Scan(msgspec.Struct, frozen=True):
    """What was scanned on a list, if anything, and how many of its rows it may stand for."""

    code: str = ""
    found: int = 0


NOT_SCANNED = Scan()


def scanned(text: str) -> str:
    """A code as an address tells it; empty for what no scanner sends."""
    code = text.strip()[:_LONGEST]
    return code if code.isprintable() or "\x1d" in code else ""


async def names_of_skus(
    deps: Site, visit: Visit, codes: Iterable[str]
) -> dict[str, dict[str, str]]:
    """Names by language of the SKUs that a page shows, for whoever may look at stock."""
    wanted = sorted(set(codes))
    if not wanted or not visit.allowed("stock:read"):
        return {}
    return await name_skus(deps.db, staff_of(visit), skus=wanted)
