"""Whose draft it is: other customers, other warehouses, either wall alone, the same key twice."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import product
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from entrepot.consolidation.operations import put_outcome
from entrepot.consolidation.packing.types import Sides
from entrepot.consolidation.queries import CheckedPrediction, list_outcomes
from entrepot.consolidation.rules import MACHINE
from entrepot.consolidation.types import (
    ChosenLine,
    Consolidation,
    MoreParcels,
    NewConsolidation,
    NewPrices,
)
from entrepot.flows.add_to_consolidation import add_to_consolidation
from entrepot.flows.advise_consolidation import advise_consolidation
from entrepot.flows.choose_line import choose_line
from entrepot.flows.consolidate_parcels import consolidate_parcels
from entrepot.flows.get_consolidation import get_consolidation
from entrepot.flows.list_consolidations import list_consolidations
from entrepot.flows.list_destinations import list_destinations
from entrepot.flows.price_consolidation import price_consolidation
from entrepot.flows.ready_to_consolidate import ready_to_consolidate
from entrepot.flows.redirect_consolidation import redirect_consolidation
from entrepot.flows.remove_from_consolidation import remove_from_consolidation
from entrepot.flows.undo_consolidation import undo_consolidation
from entrepot.kernel.principals import Principal
from entrepot.kernel.refusals import Conflict, NotFound, Unavailable
from entrepot.tenancy.entrances import at, connect
from tests.flows import drafts
from tests.flows.drafts import AUSTIN, draft, open_drafting_trade, parcel_of, parcels_of
from tests.flows.trade import Trade, stamp
from tests.postgres_fixture import InstalledServer

TABLES = (
    "consolidation.consolidation", "consolidation.claim", "consolidation.prediction",
    "consolidation.predicted_line",
)  # fmt: skip


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_drafting_trade(server)


def every_way(
    trade: Trade, by: Principal, made: UUID, parcel: UUID
) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Every flow that names a consolidation, as somebody calls it."""
    db = trade.db
    return {
        "get": lambda: get_consolidation(db, by, consolidation_id=made),
        "advise": lambda: advise_consolidation(db, by, consolidation_id=made),
        "undo": lambda: undo_consolidation(db, by, stamp(), consolidation_id=made),
        "add": lambda: add_to_consolidation(
            db, by, stamp(), consolidation_id=made, more=MoreParcels([parcel])
        ),
        "remove": lambda: remove_from_consolidation(
            db, by, stamp(), consolidation_id=made, parcel_id=parcel
        ),
        "redirect": lambda: redirect_consolidation(
            db, by, stamp(), consolidation_id=made, to=AUSTIN
        ),
        "price": lambda: price_consolidation(
            db, by, stamp(), consolidation_id=made, new=NewPrices(leave_out=True)
        ),
        "choose": lambda: choose_line(
            db, by, stamp(), consolidation_id=made, chosen=ChosenLine("US-SEA")
        ),
    }


async def nothing_is_there(trade: Trade, by: Principal, made: UUID, parcel: UUID) -> None:
    before = await get_consolidation(trade.db, trade.staff, consolidation_id=made)
    for way, call in every_way(trade, by, made, parcel).items():
        with pytest.raises(NotFound) as caught:
            await call()
        assert caught.value.code == "unknown_consolidation", way
    assert before == await get_consolidation(trade.db, trade.staff, consolidation_id=made)
    assert await list_consolidations(trade.db, by) == []


async def test_another_customers_draft_and_parcels_do_not_exist(trade: Trade) -> None:
    mine, theirs = await trade.customer("Me"), await trade.customer("Other")
    foreign, _ = await parcels_of(trade, theirs, 2)
    own, spare = await parcels_of(trade, mine, 2)
    made = await draft(trade, theirs)
    shopper = trade.shopper(mine)
    await nothing_is_there(trade, shopper, made.id, own)
    with pytest.raises(NotFound):
        await draft(trade, mine, parcels=[own, foreign])
    ours = await draft(trade, mine, parcels=[own])
    with pytest.raises(NotFound):
        await add_to_consolidation(
            trade.db, shopper, stamp(), consolidation_id=ours.id, more=MoreParcels([foreign])
        )
    for call in (
        lambda: consolidate_parcels(
            trade.db, shopper, stamp(),
            new=NewConsolidation(warehouse="SZX1", customer_id=theirs.id),
        ),
        lambda: ready_to_consolidate(trade.db, shopper, customer_id=theirs.id),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await call()
    assert await list_consolidations(trade.db, shopper, customer_id=theirs.id) == []
    seen = await get_consolidation(trade.db, shopper, consolidation_id=ours.id)
    assert [p.id for p in seen.left_out] == [spare]


async def test_a_warehouse_outside_the_scope_has_no_drafts(trade: Trade) -> None:
    owner = await trade.customer()
    parcel, _ = await parcels_of(trade, owner, 2)
    made = await draft(trade, owner)
    elsewhere = trade.staff_of("YIW1")
    await nothing_is_there(trade, elsewhere, made.id, parcel)
    for code in ("SZX1", "NO1"):
        with pytest.raises(NotFound):
            await draft(trade, owner, by=elsewhere, warehouse=code)
        with pytest.raises(NotFound):
            await list_destinations(trade.db, elsewhere, warehouse=code)
    assert (await ready_to_consolidate(trade.db, elsewhere, customer_id=owner.id)).drafts == ()
    here = await get_consolidation(trade.db, trade.staff_of("SZX1"), consolidation_id=made.id)
    assert here.id == made.id


async def test_who_may_not_see_the_other_draft_is_not_told_its_name(trade: Trade) -> None:
    """A second claim is a 409 that names the draft only to whoever may see it."""
    owner = await trade.customer()
    parcel = await parcel_of(trade, owner)
    made = await draft(trade, owner)
    with pytest.raises(Conflict) as caught:
        await draft(trade, owner, parcels=[parcel])
    (error,) = caught.value.errors
    assert (error.path, error.code) == (f"parcels.{parcel}", "in_another_draft")
    assert made.code in error.message
    owner_login = await trade.server.owner(trade.tenant)
    await owner_login.execute(
        "update parcels.parcel set node_id = n.node_id, bin_id = b.bin_id from nodes.node as n"
        " join nodes.bin as b on b.node_id = n.node_id and b.receiving"
        " where n.code = 'YIW1' and parcel_id = $1",
        parcel,
    )
    await owner_login.close()
    with pytest.raises(Conflict) as caught:
        await draft(trade, owner, by=trade.staff_of("YIW1"), parcels=[parcel], warehouse="YIW1")
    (error,) = caught.value.errors
    assert error.code == "in_another_draft"
    assert made.code not in error.message


async def test_row_security_holds_without_any_predicate(trade: Trade) -> None:
    """R6: the shopper's login sees and writes its own rows only, whatever the statement says."""
    mine, theirs = await trade.customer("Me"), await trade.customer("Other")
    own = await parcel_of(trade, mine)
    foreign = await parcel_of(trade, theirs)
    made, other = await draft(trade, mine), await draft(trade, theirs)
    await undo_consolidation(trade.db, trade.staff, stamp(), consolidation_id=other.id)
    theirs_now = await draft(trade, theirs)
    login = await trade.server.login(trade.tenant, shopper=True)
    connection = await asyncpg.connect(
        host=login.host, port=login.port, user=login.user, password=login.password,
        database=login.database,
    )  # fmt: skip
    me = "select set_config('entrepot.customer_id', $1, true)"
    try:
        for table in TABLES:
            async with connection.transaction():
                await connection.execute(me, mine.id.hex)
                rows = await connection.fetch(f"select t::text as row from {table} as t")
            text = " ".join(row["row"] for row in rows)
            assert rows, table
            assert str(other.id) not in text and str(theirs_now.id) not in text
            assert str(theirs.id) not in text and str(foreign) not in text
            assert await connection.fetch(f"select 1 from {table}") == []
        assert made.prediction is not None
        async with connection.transaction():
            await connection.execute(me, mine.id.hex)
            lines = await connection.fetch("select prediction_id from consolidation.predicted_line")
        assert {row["prediction_id"] for row in lines} == {made.prediction.id}
        writes = [
            ("insert into consolidation.claim (parcel_id, consolidation_id, asked, claimed_at)"
             " values ($1, $2, true, now())", [foreign, made.id]),
            ("insert into consolidation.claim (parcel_id, consolidation_id, asked, claimed_at)"
             " values ($1, $2, true, now())", [own, theirs_now.id]),
            ("update consolidation.consolidation set status = 'requested', chosen_service = 'X',"
             " chosen_prediction_id = $1, chosen_at = now() where consolidation_id = $2",
             [made.id, theirs_now.id]),
            ("delete from consolidation.claim where parcel_id = $1", [foreign]),
        ]  # fmt: skip
        for sql, given in writes:
            try:
                async with connection.transaction():
                    await connection.execute(me, mine.id.hex)
                    done = await connection.execute(sql, *given)
            except asyncpg.InsufficientPrivilegeError:
                done = "refused"
            assert done in (("refused",) if sql.startswith("insert") else ("UPDATE 0", "DELETE 0"))
        async with connection.transaction():
            await connection.execute(me, mine.id.hex)
            dropped = await connection.fetchval(
                "select consolidation.drop_foreign_claims_v1($1, $2, now(), 'test')",
                [foreign, own], [made.id, other.id],
            )  # fmt: skip
        assert dropped == 0, "only claims on parcels of somebody else go"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("select 1 from consolidation.outcome")
    finally:
        await connection.close()
    seen = await get_consolidation(trade.db, trade.staff, consolidation_id=theirs_now.id)
    assert [p.id for p in seen.parcels] == [foreign]


async def test_the_predicates_hold_without_row_security(trade: Trade) -> None:
    """R6, the other way round: row security off, every flow still keeps to the customer."""
    mine, theirs = await trade.customer("Me"), await trade.customer("Other")
    own, foreign = await parcel_of(trade, mine), await parcel_of(trade, theirs)
    made = await draft(trade, theirs)
    owner = await trade.server.owner(trade.tenant)
    tables = (*TABLES, "carriers.quote", "parcels.parcel", "parcels.item", "parties.customer")
    try:
        for table in tables:
            await owner.execute(f"alter table {table} disable row level security")
        await nothing_is_there(trade, trade.shopper(mine), made.id, own)
        with pytest.raises(NotFound):
            await draft(trade, mine, parcels=[own, foreign])
        ours = await draft(trade, mine)
        assert {p.id for p in (*ours.parcels, *ours.left_out)} == {own}
        ready = await ready_to_consolidate(trade.db, trade.shopper(mine))
        assert [one.id for one in ready.drafts] == [ours.id]
    finally:
        for table in tables:
            await owner.execute(f"alter table {table} enable row level security")
        await owner.close()


async def test_the_same_key_is_one_draft_however_often_and_at_once(trade: Trade) -> None:
    owner = await trade.customer()
    parcels = await parcels_of(trade, owner, 3)
    shopper, key = trade.shopper(owner), stamp()
    new = NewConsolidation(warehouse="SZX1", destination=AUSTIN)
    answers = await asyncio.gather(
        *(consolidate_parcels(trade.db, shopper, key, new=new) for _ in range(6))
    )
    assert len({answer.id for answer in answers}) == 1
    assert {p.id for p in answers[0].parcels} == set(parcels)
    again = await consolidate_parcels(trade.db, shopper, key, new=new)
    assert again == answers[0]
    assert len(await list_consolidations(trade.db, shopper)) == 1


async def test_a_lost_connection_leaves_one_draft_or_none_and_the_same_key_finds_it(
    trade: Trade,
) -> None:
    """The database ends our sessions at a random moment; whoever asks again gets one draft."""
    owner = await trade.customer()
    parcels = await parcels_of(trade, owner, 3)
    shopper, dice = trade.shopper(owner), random.Random(5)
    new = NewConsolidation(warehouse="SZX1", destination=AUSTIN)
    killer = await connect(at(trade.server.superuser, trade.tenant.database_name))
    lost = 0
    try:
        for _ in range(15):
            key = stamp()
            asking = asyncio.create_task(consolidate_parcels(trade.db, shopper, key, new=new))
            await asyncio.sleep(dice.uniform(0, 0.06))
            await killer.fetch(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            (first,) = await asyncio.gather(asking, return_exceptions=True)
            answer = first
            while not isinstance(answer, Consolidation):
                assert isinstance(answer, Unavailable), answer
                lost += 1
                again = consolidate_parcels(trade.db, shopper, key, new=new)
                (answer,) = await asyncio.gather(again, return_exceptions=True)
            assert {p.id for p in answer.parcels} == set(parcels)
            look = partial(list_consolidations, trade.db, trade.staff, statuses=["draft"])
            live = await drafts.until_there(partial(look, customer_id=owner.id))
            assert [one.id for one in live] == [answer.id]
            undo = partial(undo_consolidation, trade.db, trade.staff, stamp())
            await drafts.until_there(partial(undo, consolidation_id=answer.id))
    finally:
        await killer.close()
    assert lost > 0, "no session was ended in time"


async def test_a_refusal_has_left_nothing_and_is_kept_under_its_key(trade: Trade) -> None:
    owner = await trade.customer()
    good, bad = await parcel_of(trade, owner), await parcel_of(trade, owner, measured=False)
    shopper, key = trade.shopper(owner), stamp()
    new = NewConsolidation(warehouse="SZX1", parcels=[good, bad])
    told = []
    for _ in range(2):
        with pytest.raises(Conflict) as caught:
            await consolidate_parcels(trade.db, shopper, key, new=new)
        told.append(caught.value.errors)
    assert told[0] == told[1]
    assert await list_consolidations(trade.db, shopper) == []
    assert {p.id for p in (await draft(trade, owner)).parcels} == {good}


async def test_every_change_has_its_event_for_the_customers_pages(trade: Trade) -> None:
    owner = await trade.customer()
    shopper = trade.shopper(owner)
    one, two = await parcels_of(trade, owner, 2)
    made = await draft(trade, owner, parcels=[one])
    ways = every_way(trade, shopper, made.id, two)
    for way in ("add", "remove", "redirect", "price", "choose", "undo"):
        await ways[way]()
    reader = await trade.server.owner(trade.tenant)
    try:
        rows = await reader.fetch(
            "select name, sequence, actor, body ->> 'customer_id' as customer, body ->> 'warehouse'"
            " as warehouse, body::text as body from platform.outbox where aggregate_id = $1"
            " order by sequence",
            made.id,
        )
        audits = await reader.fetch(
            "select verb from platform.audit where subject_id = $1 order by audit_id", made.id
        )
    finally:
        await reader.close()
    assert [row["name"].removeprefix("consolidation.") for row in rows] == [
        "drafted", "parcels_added", "parcels_removed", "redirected", "priced", "line_chosen",
        "cancelled",
    ]  # fmt: skip
    assert {(row["customer"], row["warehouse"]) for row in rows} == {(str(owner.id), "SZX1")}
    assert all("78704" not in row["body"] for row in rows), "no address in a record"
    assert len(audits) == len(rows)


async def test_a_prediction_is_held_against_what_was_packed(trade: Trade) -> None:
    """The forecast is stored with the choice, and its outcome can be asked for."""
    held: list[CheckedPrediction] = []
    missed: list[CheckedPrediction] = []
    for over_g, found in ((0, held), (1, missed)):
        owner = await trade.customer()
        await parcels_of(trade, owner, 3)
        made = await draft(trade, owner)
        await every_way(trade, trade.shopper(owner), made.id, owner.id)["choose"]()
        assert made.prediction is not None and made.quote is not None
        outer: list[Sides] = [
            (b.carton.outer_mm[2], b.carton.outer_mm[0], b.carton.outer_mm[1])
            for b in made.prediction.packing.boxes
        ]
        sea = next(line for line in made.quote.lines if line.offer.service == "US-SEA")
        async with trade.db.begin(trade.staff) as tx:
            for _ in range(2):
                await put_outcome(
                    tx, consolidation_id=made.id, outer_mm=outer,
                    gross_g=made.prediction.high_g + over_g, total_minor=(sea.high_minor or 0),
                )  # fmt: skip
        async with trade.db.read(trade.staff) as tx:
            found += [o for o in await list_outcomes(tx) if o.consolidation_id == made.id]
    assert [o.outcome.weight_held for o in held + missed] == [True, False]
    assert [o.outcome.over_g for o in held + missed] == [0, 1]
    assert all(o.outcome.size_held and o.outcome.price_held for o in held + missed)
    async with trade.db.read(trade.staff_of("YIW1")) as tx:
        assert await list_outcomes(tx) == []


def test_the_table_has_the_way_of_a_consolidation_and_every_other_pair_is_a_conflict() -> None:
    steps = {(edge.source, edge.target) for edge in MACHINE.edges}
    assert {("draft", "requested"), ("requested", "packing"), ("packing", "packed"),
            ("draft", "cancelled"), ("requested", "cancelled"), ("packing", "unpacking"),
            ("packed", "unpacking"), ("unpacking", "cancelled")} == steps  # fmt: skip
    pairs = {(edge.source, edge.verb) for edge in MACHINE.edges}
    for state, verb in set(product(MACHINE.states, MACHINE.verbs)) - pairs:
        with pytest.raises(Conflict):
            MACHINE.follow(state, verb)


async def test_the_database_itself_knows_the_machine(trade: Trade) -> None:
    reader = await trade.server.owner(trade.tenant)
    try:
        for source, target in product(sorted(MACHINE.states), repeat=2):
            known = await reader.fetchval(
                "select consolidation.status_may_change_v1($1, $2)", source, target
            )
            assert known is ((source, target) in {(e.source, e.target) for e in MACHINE.edges})
    finally:
        await reader.close()


async def test_no_invariant_is_broken(trade: Trade) -> None:
    """Runs last."""
    broken = await trade.violations()
    assert {name for name in broken if "consolidation" in name or "quote" in name} == set()
