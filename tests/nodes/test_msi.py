"""The map from Magento's inventory to ours names every idea of it and tables that exist."""

import re
from pathlib import Path

from tests.flows.trade import open_trade
from tests.postgres_fixture import InstalledServer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "msi.md"
IDEAS = {
    "source", "stock", "sales channel", "link source → stock with priority", "source item",
    "reservation", "salable quantity", "source selection algorithm",
}  # fmt: skip


def rows() -> list[list[str]]:
    """The cells of the page's table."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


async def test_every_idea_of_msi_has_its_place(server: InstalledServer) -> None:
    """T2.47: the list rebuilt from MSI's documentation, each mapped to something that is there."""
    table = rows()
    assert {cells[0] for cells in table} >= IDEAS
    assert all(len(cells) == 3 and cells[1] for cells in table)
    named = [name for cells in table for name in re.findall(r"`(\w+\.\w+)`", cells[2])]
    assert len(named) >= 12
    trade = await open_trade(server)
    owner = await trade.server.owner(trade.tenant)
    try:
        there = {name: await owner.fetchval("select to_regclass($1)", name) for name in named}
    finally:
        await owner.close()
    assert [name for name, found in there.items() if found is None] == []
    engine = next(cells for cells in table if cells[0] == "source selection algorithm")
    link = re.search(r"\]\((\w+\.md)\)", engine[1])
    assert link
    assert (PAGE.parent / link[1]).is_file()
