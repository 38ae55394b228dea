"""A run that goes on from the last one looks at what was written since, and misses nothing: rows
edited by hand, rows taken away, what was being written meanwhile, another database."""

import asyncio

import pytest

from entrepot.flows.close_period import close_period
from entrepot.flows.reconcile import reconcile
from entrepot.jobs.drain import drain
from entrepot.kernel.ids import new_token
from entrepot.platform import faults
from entrepot.platform.database import ReadTx
from entrepot.reconciliation.types import Closing, Mode, NewRun, Run
from entrepot.stock import operations
from entrepot.stock.types import End, NewMovement
from tests.flows.test_reconcile import correct, falsify, found, of, open_ones
from tests.flows.trade import later, stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock

CHANNEL = (
    "sku_id = (select sku_id from catalog.sku where code = '{}') and channel_id ="
    " (select channel_id from nodes.channel where code = 'WEB')"
)


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


@pytest.fixture(autouse=True)
async def known(stock: Stock):
    """Each test begins with books that a run has seen to agree, and ends with such."""
    assert (await run(stock, "full")).found == 0
    yield
    faults._armed.clear()
    for one in await found(stock, state="open"):
        if one.cause != "follows":
            await correct(stock, one)


async def run(stock: Stock, mode: Mode = "incremental") -> Run:
    made = await reconcile(stock.db, stock.staff, stamp(), new=NewRun(mode))
    assert made.mode == mode
    return made


async def asked(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the comparisons that an incremental run makes."""
    names = set[str]()
    plain = ReadTx.list

    async def spy(self, statement, record, /, **given):
        names.add(statement.name)
        return await plain(self, statement, record, **given)

    with monkeypatch.context() as patched:
        patched.setattr(ReadTx, "list", spy)
        await run(stock)
    return names & {
        "compare_sums", "compare_changed_sums", "list_clashes", "list_changed_clashes",
        "count_new_breaks",
    }  # fmt: skip


CHANGED = {"compare_changed_sums", "list_changed_clashes", "count_new_breaks"}
ALL = {"compare_sums", "list_clashes"}


async def test_only_what_was_written_since_is_compared(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await asked(stock, monkeypatch) == CHANGED
    sku = await stock.stocked(3)
    await stock.reserve((sku, 1))
    assert await asked(stock, monkeypatch) == CHANGED
    assert await found(stock, state="open") == []


async def test_an_edit_of_any_old_copy_is_found_stays_and_goes(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each among rows that nothing else has touched for runs, and after it nothing does."""
    held, blocked, sold, promised = [await stock.stocked(9) for _ in range(4)]
    numbered, serial = await stock.sku(serial_tracked=True), new_token(6)
    await stock.move(
        {"sku": numbered, "qty": 1, "reason": "receipt", "to": {"node": "N1"}, "serial": serial}
    )
    owner = await stock.server.owner(stock.tenant)
    await owner.execute(
        "insert into stock.place (place_id, kind, code, node_id)"
        " select bin_id, 'bin', code, node_id from nodes.bin where code = 'A-2'"
        " on conflict do nothing"
    )
    await owner.close()
    for _ in range(2):
        await run(stock)
    serials = "update stock.serial set place_id = (select bin_id from nodes.bin where code = '{}'"
    serials += " and node_id = (select node_id from nodes.node where code = 'N1'))"
    serials += f" where serial = '{serial}'"
    edits = {
        "balance": f"update stock.balance set on_hand = on_hand {{}} 2 where {of(held)}",
        "blocked": f"update stock.sku_node set blocked = blocked {{}} 2 where {of(blocked)}",
        "channel": "update stock.channel_available set pooled = pooled {} 2"
        f" where {CHANNEL.format(sold)}",
        "reserved": f"update stock.sku_node set reserved = reserved {{}} 2 where {of(promised)}",
    }
    await falsify(stock, *(e.format("+") for e in edits.values()), serials.format("A-2"))
    first = await run(stock)
    assert {d.kind for d in await found(stock, state="open")} == {*edits, "serial", "on_hand"}
    names = await asked(stock, monkeypatch)
    assert names == CHANGED
    seen = await open_ones(stock)
    whole = await run(stock, "full")
    assert (first.found, whole.found, whole.fresh, whole.gone) == (len(seen), len(seen), 0, 0)
    assert seen == await open_ones(stock)
    await falsify(stock, *(e.format("-") for e in edits.values()), serials.format("R"))
    last = await run(stock)
    assert (last.found, last.gone) == (0, len(seen))


@pytest.mark.parametrize(
    ("table", "kind"),
    [("balance", "balance"), ("sku_node", "on_hand"), ("channel_available", "channel")],
)
async def test_a_row_that_was_taken_away_is_missed(stock: Stock, table: str, kind: str) -> None:
    sku = await stock.stocked(5)
    await stock.stocked(4)
    await run(stock)
    where = CHANNEL.format(sku) if table == "channel_available" else of(sku)
    owner = await stock.server.owner(stock.tenant)
    assert await owner.execute(f"create table taken as select * from stock.{table} where {where}")
    assert await owner.execute(f"delete from stock.{table} where {where}") == "DELETE 1"
    told = await run(stock)
    (one,) = [d for d in await found(stock, state="open") if d.kind == kind]
    assert (one.sku, one.told, one.found) == (sku, 5, 0)
    again = await run(stock)
    assert (again.found, again.fresh, again.gone) == (told.found, 0, 0)
    columns = await owner.fetchval(
        "select string_agg(column_name, ', ') from information_schema.columns where"
        " table_schema = 'stock' and table_name = $1 and is_generated = 'NEVER'", table,
    )  # fmt: skip
    await owner.execute(f"insert into stock.{table} ({columns}) select {columns} from taken")
    await owner.execute("drop table taken")
    await owner.close()
    assert (await run(stock)).found == 0


async def test_what_was_being_written_while_a_run_looked_is_found_by_the_next(stock: Stock) -> None:
    """A transaction older than the mark that commits after it, by hand and by posting; others
    commit in between, so its number is far behind. The totals say nothing of it."""
    edited, other, posted = [await stock.stocked(6) for _ in range(3)]
    owner = await stock.server.owner(stock.tenant)
    edit = owner.transaction()
    await edit.start()
    await owner.execute(f"update stock.balance set on_hand = 8 where {of(edited)}")
    await owner.execute(f"update stock.balance set on_hand = 4 where {of(other)}")
    async with stock.db.begin(stock.staff) as tx:
        await operations.post(
            tx, reference="slow",
            movements=[NewMovement(posted, 5, "receipt", to=End("N1"))],
        )  # fmt: skip
        for _ in range(3):
            await stock.stocked(1)
            assert (await run(stock)).found == 0
    await edit.commit()
    await owner.close()
    told = await run(stock)
    assert told.documents == 1
    assert {(d.kind, d.sku) for d in await found(stock, state="open")} == {
        (kind, sku) for kind in ("balance", "on_hand") for sku in (edited, other)
    }
    while await drain(stock.db, tenant=stock.tenant.tenant, consumers=[]):
        pass
    assert (await run(stock)).documents == 0, "added up before it had a position"


async def test_numbers_of_transactions_of_another_database_tell_nothing(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restore from a dump into a younger cluster, a period closed meanwhile, and other
    nodes of a channel: then all copies are compared, once."""
    sku = await stock.stocked(6)
    await run(stock)
    for elsewhere in (
        "update reconciliation.progress set changed_after = changed_after + 1000000",
        "update reconciliation.progress set changed_after = changed_after + 1000000,"
        " written_by = (txid_current() % 4294967296)",
    ):
        await falsify(
            stock, f"update stock.sku_node set on_hand = on_hand + 1 where {of(sku)}", elsewhere
        )
        assert await asked(stock, monkeypatch) == ALL
        assert {d.kind for d in await found(stock, state="open")} == {"on_hand", "channel"}
        assert await asked(stock, monkeypatch) == CHANGED
    stock.at[0] += 1
    await close_period(
        stock.db, stock.staff, stamp(), new=Closing("P" + new_token(6), later(stock.at[0] - 0.5))
    )
    assert await asked(stock, monkeypatch) == ALL
    owner = await stock.server.owner(stock.tenant)
    row = await owner.fetchrow(
        "delete from nodes.channel_node where channel_id = (select channel_id from nodes.channel"
        " where code = 'WEB') and node_id = (select node_id from nodes.node where code = 'N1')"
        " returning channel_id, node_id, priority"
    )
    assert row is not None
    await run(stock)
    assert sku in {d.sku for d in await found(stock, state="open") if d.kind == "channel"}
    await owner.execute(
        "insert into nodes.channel_node (channel_id, node_id, priority) values ($1, $2, $3)", *row
    )
    await owner.close()
    await run(stock)


async def test_after_a_crash_nothing_counts_as_looked_at(stock: Stock) -> None:
    sku = await stock.stocked(3)
    await falsify(stock, f"update stock.balance set on_hand = 9 where {of(sku)}")
    faults.arm(
        stock.server.settings, {"reconcile.before_commit": faults.Fault(raises=True)},
        host="127.0.0.1", database_prefix="t_test_",
    )  # fmt: skip
    with pytest.raises(faults.InjectedFault):
        await run(stock)
    faults._armed.clear()
    await stock.stocked(1)
    after = await run(stock)
    assert (after.documents, after.fresh) == (2, 2)


async def test_runs_and_postings_at_the_same_time(stock: Stock) -> None:
    skus = [await stock.stocked(5) for _ in range(3)]
    await falsify(stock, f"update stock.balance set on_hand = 7 where {of(skus[0])}")
    done = await asyncio.gather(
        *(run(stock) for _ in range(3)), *(stock.receive(sku, 2) for sku in skus for _ in range(2))
    )
    assert {one.found for one in done if isinstance(one, Run)} == {2}
    assert (await run(stock)).found == 2
    assert (await run(stock, "full")).found == 2


async def test_what_is_told_of_documents_without_their_events_is_counted(stock: Stock) -> None:
    sequences, documents = "platform.violation_outbox_sequence", "stock.violation_document_event"
    posted = await stock.receive(await stock.sku(), 3)
    lost = "00000000-0000-7000-8000-00000000dead"
    owner = await stock.server.owner(stock.tenant)
    await owner.execute(
        "insert into stock.document (document_id, reference, lines, sequence, at, actor)"
        f" values ('{lost}', '', 1, 1, now(), 'hand')"
    )
    await owner.execute(
        "select platform.put_event_v1(gen_random_uuid(), 'stock.moved', 1, 'stock_document', $1, 3,"
        " now(), 'hand', '{}')", posted.document_id,
    )  # fmt: skip
    for mode in ("incremental", "incremental", "full"):
        views = {v.view: v.rows for v in (await run(stock, mode)).views}
        assert (views[sequences], views[documents]) == (1, 2)
    await owner.execute(f"delete from stock.document where document_id = '{lost}'")
    await owner.execute(
        "delete from platform.outbox_pending where event_ids <@ array("
        "select event_id from platform.outbox where actor = 'hand')"
    )
    await owner.execute("delete from platform.outbox where actor = 'hand'")
    await owner.close()
    views = {v.view: v.rows for v in (await run(stock)).views}
    assert (views[sequences], views[documents]) == (0, 0)


async def test_a_later_movement_of_the_same_size_is_not_the_cause(stock: Stock) -> None:
    sku = await stock.stocked(40)
    await falsify(stock, f"update stock.balance set on_hand = on_hand + 4 where {of(sku)}")
    await run(stock)
    await stock.receive(sku, 4)
    told = await run(stock)
    (one,) = [d for d in await found(stock, state="open") if d.kind == "balance"]
    assert (one.told, one.found, one.cause, one.suspect) == (44, 48, "manual_edit", None)
    assert told.fresh == 0
