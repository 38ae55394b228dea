"""Assign, put away, look up, read: and who may see what (S1.16, R4, R6 for these rooms)."""

import asyncpg
import msgspec
import pytest

from entrepot.flows import FLOWS
from entrepot.flows.announce_parcel import announce_parcel
from entrepot.flows.assign_parcel import assign_parcel
from entrepot.flows.create_customer import create_customer
from entrepot.flows.create_node import create_node
from entrepot.flows.get_customer import get_customer
from entrepot.flows.get_parcel import get_parcel
from entrepot.flows.list_bins import list_bins
from entrepot.flows.list_categories import list_categories
from entrepot.flows.list_customers import list_customers
from entrepot.flows.list_nodes import list_nodes
from entrepot.flows.list_parcels import list_parcels
from entrepot.flows.list_unclaimed import list_unclaimed
from entrepot.flows.look_up_code import look_up_code
from entrepot.flows.put_away_parcel import put_away_parcel
from entrepot.flows.receive_parcel import receive_parcel
from entrepot.flows.receiving_addresses import receiving_addresses
from entrepot.flows.recent_scans import recent_scans
from entrepot.flows.shopper_home import shopper_home
from entrepot.kernel.principals import ApiKey
from entrepot.kernel.refusals import Conflict, Invalid, NotFound, Refusal, Unauthenticated
from entrepot.nodes.types import NewNode
from entrepot.parcels.types import AssignedTo, NewLookup, NewPreAlert, NewScan, PutAway
from entrepot.parties.types import NewCustomer
from tests.flows.trade import Trade, number, open_trade, stamp
from tests.postgres_fixture import InstalledServer


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


def test_every_file_of_a_verb_declares_it() -> None:
    assert {"receive_parcel", "announce_parcel", "get_parcel", "look_up_code"} <= set(FLOWS)


async def test_staff_assign_an_unclaimed_parcel_and_its_pre_alert_goes_into_it(
    trade: Trade,
) -> None:
    one, two = await trade.customer("Ann One"), await trade.customer("Ben Two")
    sf = number()
    item = {"description": "tea", "category": "food", "quantity": 1, "unit_price_minor": 1,
            "currency": "CNY"}  # fmt: skip
    expected = await trade.announce(one, sf, items=[item])
    await trade.announce(two, sf)
    doubt = await trade.scan(sf)
    owner = AssignedTo(suite_code=one.suite_code.lower())
    parcel = await assign_parcel(
        trade.db, trade.staff, stamp(), parcel_id=doubt.parcel.id, owner=owner
    )
    assert parcel.customer is not None
    assert parcel.customer.id == one.id
    assert (parcel.match.by, parcel.match.certainty) == ("manual", "sure")
    assert parcel.tags == ["food"]
    gone = await get_parcel(trade.db, trade.staff, parcel_id=expected.id)
    assert (gone.status, gone.items) == ("merged", [])
    again = await assign_parcel(
        trade.db, trade.staff, stamp(), parcel_id=parcel.id, owner=AssignedTo(customer_id=one.id)
    )
    assert again == parcel
    with pytest.raises(Conflict) as caught:
        await assign_parcel(
            trade.db, trade.staff, stamp(), parcel_id=parcel.id,
            owner=AssignedTo(customer_id=two.id),
        )  # fmt: skip
    assert caught.value.code == "has_owner"


async def test_an_expected_parcel_has_its_owner(trade: Trade) -> None:
    one, two = await trade.customer(), await trade.customer()
    expected = await trade.announce(one, number())
    with pytest.raises(Conflict):
        await assign_parcel(
            trade.db, trade.staff, stamp(), parcel_id=expected.id,
            owner=AssignedTo(customer_id=two.id),
        )  # fmt: skip


async def test_put_away(trade: Trade) -> None:
    scanned = await trade.scan(number())
    done = await put_away_parcel(
        trade.db, trade.staff, stamp(), parcel_id=scanned.parcel.id, put=PutAway(bin="a-01-02-1 ")
    )
    assert (done.bin, done.already, done.parcel.status) == ("A-01-02-1", None, "stored")
    assert done.parcel.last_event.place is not None
    assert done.parcel.last_event.place.bin == "A-01-02-1"
    again = await put_away_parcel(
        trade.db, trade.staff, stamp(), parcel_id=scanned.parcel.id, put=PutAway(bin="A-01-02-1")
    )
    assert again.already is not None
    assert again.already.by == trade.staff.actor
    rescan = await trade.scan(scanned.parcel.tracking_number)
    assert (rescan.parcel.status, rescan.parcel.bin) == ("stored", "A-01-02-1")


@pytest.mark.parametrize(
    ("code", "kind", "refusal"),
    [
        ("Y-01-01-1", Conflict, "wrong_bin"),
        ("R", Conflict, "receiving_bin"),
        ("B-99-99-9", NotFound, "unknown_bin"),
        ("", NotFound, "unknown_bin"),
    ],
)
async def test_a_wrong_bin_moves_nothing(
    trade: Trade, code: str, kind: type[Refusal], refusal: str
) -> None:
    scanned = await trade.scan(number())
    with pytest.raises(kind) as caught:
        await put_away_parcel(
            trade.db, trade.staff, stamp(), parcel_id=scanned.parcel.id, put=PutAway(bin=code)
        )
    assert caught.value.code == refusal
    parcel = await get_parcel(trade.db, trade.staff, parcel_id=scanned.parcel.id)
    assert (parcel.status, parcel.last_event.verb) == ("received", "received")


async def test_what_is_not_here_cannot_be_put_away(trade: Trade) -> None:
    expected = await trade.announce(await trade.customer(), number(), warehouse="SZX1")
    with pytest.raises(Conflict) as caught:
        await put_away_parcel(
            trade.db, trade.staff, stamp(), parcel_id=expected.id, put=PutAway(bin="A-01-01-1")
        )
    assert caught.value.code == "wrong_state"


async def test_the_database_itself_knows_the_machine(trade: Trade) -> None:
    scanned = await trade.scan(number())
    owner = await trade.server.owner(trade.tenant)
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(
                "update parcels.parcel set status = 'delivered', bin_id = null"
                " where parcel_id = $1",
                scanned.parcel.id,
            )
    finally:
        await owner.close()


async def test_look_up_tells_what_a_code_is(trade: Trade) -> None:
    owner = await trade.customer()
    jd = number("JD")
    await trade.scan(f"{jd}-1-2-")
    await trade.scan(f"{jd}-2-2-")

    async def found(code: str) -> tuple[str, int, int, int]:
        lookup = NewLookup(code=code, warehouse="SZX1")
        answer = await look_up_code(trade.db, trade.staff, lookup=lookup)
        return answer.kind, len(answer.parcels), len(answer.bins), len(answer.customers)

    assert await found(jd) == ("parcel", 2, 0, 0)
    assert await found("a-01-01-2") == ("bin", 0, 1, 0)
    assert await found(owner.suite_code) == ("customer", 0, 0, 1)
    assert await found("包裹") == ("unknown", 0, 0, 0)


async def test_a_customer_asks_where_the_parcel_is(trade: Trade) -> None:
    """S1.16: state, last event, place and time, for every parcel, by the customer's own login."""
    owner = await trade.customer()
    shopper = trade.shopper(owner)
    here, coming = number(), number()
    await trade.announce(owner, here)
    await trade.announce(owner, coming)
    await trade.scan(here)
    home = await shopper_home(trade.db, shopper)
    assert [p.tracking_number for p in home.arrived] == [here]
    assert [p.tracking_number for p in home.on_the_way] == [coming]
    assert home.to_decide == []
    (parcel,) = await list_parcels(trade.db, shopper, tracking_number=here)
    detail = await get_parcel(trade.db, shopper, parcel_id=parcel.id)
    assert detail.status == "received"
    assert detail.last_event.verb == "received"
    assert detail.last_event.place is not None
    assert (detail.last_event.place.warehouse, detail.last_event.place.bin) == ("SZX1", None)
    assert [entry.verb for entry in detail.timeline] == ["announced", "received"]
    assert all(entry.actor is None for entry in detail.timeline)


async def test_another_customers_parcel_does_not_exist(trade: Trade) -> None:
    mine, theirs = await trade.customer("Me"), await trade.customer("Other")
    sf = number()
    foreign = await trade.announce(theirs, sf)
    shopper = trade.shopper(mine)
    with pytest.raises(NotFound):
        await get_parcel(trade.db, shopper, parcel_id=foreign.id)
    assert await list_parcels(trade.db, shopper, tracking_number=sf) == []
    assert await list_parcels(trade.db, shopper, customer_id=theirs.id) == []
    with pytest.raises(NotFound):
        await get_customer(trade.db, shopper, customer_id=theirs.id)
    with pytest.raises(NotFound):
        await receiving_addresses(trade.db, shopper, customer_id=theirs.id)


async def test_a_warehouse_outside_the_scope_does_not_exist(trade: Trade) -> None:
    scanned = await trade.scan(number(), "SZX1")
    staff = trade.staff_of("YIW1")
    parcel_id = scanned.parcel.id
    with pytest.raises(NotFound):
        await get_parcel(trade.db, staff, parcel_id=parcel_id)
    assert await list_parcels(trade.db, staff, tracking_number=scanned.parcel.tracking_number) == []
    owner = AssignedTo(customer_id=(await trade.customer()).id)
    with pytest.raises(NotFound):
        await assign_parcel(trade.db, staff, stamp(), parcel_id=parcel_id, owner=owner)
    with pytest.raises(NotFound):
        await put_away_parcel(
            trade.db, staff, stamp(), parcel_id=parcel_id, put=PutAway(bin="A-01-01-1")
        )
    with pytest.raises(NotFound):
        await recent_scans(trade.db, staff, warehouse="SZX1")
    with pytest.raises(NotFound):
        await look_up_code(
            trade.db, staff, lookup=NewLookup(code=scanned.parcel.tracking_number, warehouse="SZX1")
        )
    assert await list_unclaimed(trade.db, staff, warehouse="SZX1") == []
    assert parcel_id not in [p.id for p in await list_unclaimed(trade.db, staff, most=500)]
    assert [node.code for node in await list_nodes(trade.db, staff)] == ["YIW1"]
    with pytest.raises(NotFound):
        await list_bins(trade.db, staff, warehouse="SZX1")


async def test_row_security_holds_without_any_predicate(trade: Trade) -> None:
    """R6: the shopper's login sees its own rows only, whatever the statement says."""
    mine, theirs = await trade.customer("Me"), await trade.customer("Other")
    item = {"description": "secret", "quantity": 1, "unit_price_minor": 1, "currency": "CNY"}
    await trade.announce(theirs, number(), items=[item])
    own = await trade.announce(mine, number(), items=[item])
    login = await trade.server.login(trade.tenant, shopper=True)
    connection = await asyncpg.connect(
        host=login.host, port=login.port, user=login.user, password=login.password,
        database=login.database,
    )  # fmt: skip
    try:
        for table in ("parcels.parcel", "parcels.item", "parcels.parcel_event"):
            async with connection.transaction():
                await connection.execute(
                    "select set_config('entrepot.customer_id', $1, true)", mine.id.hex
                )
                seen = await connection.fetch(f"select parcel_id from {table}")
            assert {row["parcel_id"] for row in seen} == {own.id}
            assert await connection.fetch(f"select parcel_id from {table}") == []
        for table in ("parcels.candidate", "parcels.label_reading", "platform.outbox"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"select 1 from {table}")
        async with connection.transaction():
            await connection.execute(
                "select set_config('entrepot.customer_id', $1, true)", mine.id.hex
            )
            people = await connection.fetch("select customer_id from parties.customer")
        assert [row["customer_id"] for row in people] == [mine.id]
    finally:
        await connection.close()


async def test_the_predicates_hold_without_row_security(trade: Trade) -> None:
    """R6, the other way round: row security off, every query still keeps to the customer."""
    mine, theirs = await trade.customer("Me"), await trade.customer("Other")
    foreign = await trade.announce(theirs, number())
    shopper = trade.shopper(mine)
    owner = await trade.server.owner(trade.tenant)
    tables = ("parcels.parcel", "parcels.item", "parcels.parcel_event", "parties.customer")
    try:
        for table in tables:
            await owner.execute(f"alter table {table} disable row level security")
        with pytest.raises(NotFound):
            await get_parcel(trade.db, shopper, parcel_id=foreign.id)
        with pytest.raises(NotFound):
            await get_customer(trade.db, shopper, customer_id=theirs.id)
        with pytest.raises(NotFound):
            await receiving_addresses(trade.db, shopper, customer_id=theirs.id)
        new = NewPreAlert(tracking_number=number(), suite_code=theirs.suite_code)
        with pytest.raises(NotFound):
            await announce_parcel(trade.db, shopper, stamp(), new=new)
        assert await list_parcels(trade.db, shopper) == []
        assert await list_parcels(trade.db, shopper, customer_id=theirs.id) == []
        home = await shopper_home(trade.db, shopper)
        assert (home.arrived, home.on_the_way, home.to_decide) == ([], [], [])
    finally:
        for table in tables:
            await owner.execute(f"alter table {table} enable row level security")
        await owner.close()


async def test_a_dead_key_scans_nothing(trade: Trade) -> None:
    key = ApiKey(trade.tenant.tenant, "ek_gone", 1, trade.staff.permissions)
    scan = NewScan(warehouse="SZX1", tracking_number=number())
    once = msgspec.structs.replace(stamp(), nonce="n" * 24)
    for _ in range(2):
        with pytest.raises(Unauthenticated) as caught:
            await receive_parcel(trade.db, key, once, scan=scan)
        assert caught.value.code == "signature_invalid"
    assert await list_parcels(trade.db, trade.staff, tracking_number=scan.tracking_number) == []


async def test_the_unclaimed_queue(trade: Trade) -> None:
    twins = [await trade.customer("Same Name", phone="+1 512 555 6612") for _ in range(2)]
    label = {"recipient": "Same Name", "phone": "***6612"}
    doubt = await trade.scan(number(), label=label, weight_g=700)
    queue = await list_unclaimed(trade.db, trade.staff, warehouse="SZX1")
    first = next(p for p in queue if p.id == doubt.parcel.id)
    assert first.tracking_number == doubt.parcel.tracking_number
    assert {c.id for c in first.candidates} == {twin.id for twin in twins}
    assert first.label is not None
    assert first.label.recipient == "Same Name"
    masked = await list_unclaimed(trade.db, trade.shopper(twins[0]))
    mine = next(p for p in masked if p.id == doubt.parcel.id)
    assert mine.tracking_number == "SF•••••••••••" + doubt.parcel.tracking_number[-2:]
    assert (mine.candidates, mine.label, mine.weight_g) == ([], None, None)
    behind = await list_unclaimed(trade.db, trade.staff, after=doubt.parcel.id)
    assert doubt.parcel.id not in [p.id for p in behind]


async def test_recent_scans_are_newest_first(trade: Trade) -> None:
    numbers = [number() for _ in range(3)]
    for sf in numbers:
        await trade.scan(sf, "YIW1")
    recent = await recent_scans(trade.db, trade.staff, warehouse="YIW1", most=3)
    assert [p.tracking_number for p in recent] == numbers[::-1]


async def test_customers_get_codes_and_addresses(trade: Trade) -> None:
    customer = await trade.customer(
        "Jörg Prüfstein", email="j@example.com", phone="+49 171 3920002", locale="de"
    )
    assert customer.suite_code.startswith("EP1")
    addresses = await receiving_addresses(trade.db, trade.shopper(customer))
    assert [a.warehouse for a in addresses] == ["SZX1", "YIW1"]
    assert all(customer.suite_code in line for a in addresses for line in a.lines.values())
    assert set(addresses[0].lines) == {"en", "zh-CN"}
    receiver = msgspec.structs.replace(trade.staff, permissions=frozenset({"customers:read"}))
    seen = await get_customer(trade.db, receiver, customer_id=customer.id)
    assert (seen.name, seen.email, seen.phone) == ("Jörg Prüfstein", None, None)
    (listed,) = await list_customers(trade.db, trade.staff, suite_code=customer.suite_code)
    assert listed == customer


async def test_wrong_customers_are_refused_with_everything_at_once(trade: Trade) -> None:
    new = NewCustomer(name="  ", email="nobody", phone="call me")
    with pytest.raises(Invalid) as caught:
        await create_customer(trade.db, trade.staff, stamp(), new=new)
    assert [e.path for e in caught.value.errors] == ["name", "email", "phone"]


async def test_a_code_brought_along_is_kept_once(trade: Trade) -> None:
    new = NewCustomer(name="Old Customer")
    kept = await create_customer(trade.db, trade.staff, stamp(), new=new, suite_code="qg104472-7")
    assert kept.suite_code == "QG104472-7"
    with pytest.raises(Conflict) as caught:
        await create_customer(trade.db, trade.staff, stamp(), new=new, suite_code="QG104472-7")
    assert caught.value.code == "suite_code_taken"
    with pytest.raises(Invalid):
        await create_customer(trade.db, trade.staff, stamp(), new=new, suite_code="QG104472-8")


async def test_nodes(trade: Trade) -> None:
    nodes = {node.code: node for node in await list_nodes(trade.db, trade.staff)}
    assert set(nodes) == {"SZX1", "YIW1"}
    assert (nodes["SZX1"].receiving_bin, nodes["SZX1"].bins) == ("R", 5)
    bins = await list_bins(trade.db, trade.staff, warehouse="SZX1")
    assert [b.code for b in bins] == ["A-01-01-1", "A-01-01-2", "A-01-02-1", "A-01-02-2", "R"]
    with pytest.raises(Conflict):
        await create_node(
            trade.db, trade.staff, stamp(), new=NewNode(code="SZX1", zone="Asia/Shanghai")
        )
    bad = NewNode(code="X", zone="Mars/North", receiving_address={"en": "no code"}, lat=1.0)
    with pytest.raises(Invalid) as caught:
        await create_node(trade.db, trade.staff, stamp(), new=bad)
    assert [e.path for e in caught.value.errors] == ["zone", "receiving_address.en", "lat"]


async def test_categories(trade: Trade) -> None:
    categories = {c.code: c for c in await list_categories(trade.db, trade.staff)}
    assert len(categories) == 15
    assert categories["powerbank"].tags == ["powerbank", "battery_alone"]


async def test_no_invariant_is_broken(trade: Trade) -> None:
    """Runs last: everything above has left its rows."""
    assert await trade.violations() == {}
