"""The machine of quotes, in the table and in the database; and what a crash leaves behind."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from entrepot.access.flow import Stamp
from entrepot.carriers.asking import Acceptance
from entrepot.carriers.rules import QUOTE
from entrepot.carriers.uploads import NewImport, planner_of
from entrepot.flows.accept_quote import accept_quote
from entrepot.flows.import_rate_cards import import_rate_cards
from entrepot.flows.list_rate_cards import list_rate_cards
from entrepot.platform import faults
from tests.carriers.price_house import next_version
from tests.carriers.test_quoted_parcels import quote
from tests.carriers.test_quoted_parcels import trade as trade
from tests.flows.trade import Trade, stamp

EDGES = {("open", "accepted"), ("open", "expired"), ("open", "superseded")}


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    faults._armed.clear()


def arm(trade: Trade, place: str) -> None:
    """The next passage of a place raises, as a crash there would."""
    armed = {place: faults.Fault(raises=True)}
    faults.arm(trade.server.settings, armed, host="127.0.0.1", database_prefix="t_test_")


async def rows(trade: Trade, statement: str, *arguments: Any) -> list[Any]:
    owner = await trade.server.owner(trade.tenant)
    try:
        return list(await owner.fetch(statement, *arguments))
    finally:
        await owner.close()


def test_the_table_has_the_edges_of_the_trade() -> None:
    assert {(edge.source, edge.target) for edge in QUOTE.edges} == EDGES


async def test_the_database_has_every_edge_and_no_other(trade: Trade) -> None:
    pairs = list(product(sorted(QUOTE.states), repeat=2))
    found = await rows(
        trade,
        "select g.a, g.b, carriers.quote_may_change_v1(g.a, g.b) as may"
        " from unnest($1::text[], $2::text[]) as g (a, b)",
        [a for a, _ in pairs],
        [b for _, b in pairs],
    )
    assert {(row["a"], row["b"]) for row in found if row["may"]} == EDGES


@pytest.mark.parametrize("where", ["before", "after"])
async def test_an_acceptance_survives_a_crash_or_never_was(trade: Trade, where: str) -> None:
    """Before the commit nothing happened; after it the same key gets the same answer."""
    found, once = await quote(trade, trade.staff), stamp()
    taken = Acceptance("EMS")
    arm(trade, f"accept_quote.{where}_commit")
    with pytest.raises(faults.InjectedFault):
        await accept_quote(trade.db, trade.staff, once, quote_id=found.id, taken=taken)
    faults._armed.clear()
    (row,) = await rows(trade, "select status from carriers.quote where quote_id = $1", found.id)
    assert row["status"] == ("open" if where == "before" else "accepted")
    again = Stamp(request_id="again", key=once.key, fingerprint=once.fingerprint)
    done = await accept_quote(trade.db, trade.staff, again, quote_id=found.id, taken=taken)
    assert (done.status, done.accepted_service) == ("accepted", "EMS")
    events = await rows(
        trade,
        "select name from platform.outbox where aggregate_id = $1 order by sequence",
        found.id,
    )
    assert [event["name"] for event in events] == ["quote.created", "quote.accepted"]


async def test_an_import_is_whole_or_never_was(trade: Trade) -> None:
    document = {"services": [next_version("US-SEA", "2027"), next_version("EMS", "2027")]}
    form, planner = planner_of(NewImport(cards=document))
    arm(trade, "import_rate_cards.before_commit")
    with pytest.raises(faults.InjectedFault):
        await import_rate_cards(trade.db, trade.staff, stamp(), form=form, planner=planner)
    faults._armed.clear()

    async def stored() -> set[str]:
        listed = await list_rate_cards(trade.db, trade.staff)
        return {s.service for s in listed.services for v in s.versions if v.version == "2027"}

    assert await stored() == set()
    assert (await quote(trade, trade.staff, ship_date="2026-12-24")).versions.cards["EMS"] == (
        "2026-11"
    )
    await import_rate_cards(trade.db, trade.staff, stamp(), form=form, planner=planner)
    assert await stored() == {"US-SEA", "EMS"}
    assert (await quote(trade, trade.staff, ship_date="2026-12-24")).versions.cards["EMS"] == "2027"
    assert not [name for name in await trade.violations() if name.startswith("carriers.")]
