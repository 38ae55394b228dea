"""A sweep reads the events of a feed when it heard some, and says what reading all would say."""

import random

import pytest

from tests.flows.test_feed_watch import SECOND, a_feed, alarms, policy, sweep, tell
from tests.flows.trade import later
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


async def open_ones(stock: Stock, feeds: list[str]) -> set[tuple[str, str, int | None, int]]:
    found = [alarm for feed in feeds for alarm in await alarms(stock, feed)]
    return {(a.feed, a.kind, a.first_sequence, a.amount) for a in found if a.state == "open"}


async def test_a_sweep_reads_what_feeds_heard_since_the_last(stock: Stock) -> None:
    """A twin that no count tells of, as nobody can write it, is not seen before the feed hears
    something; then it is. So a quiet feed costs nothing."""
    feed, sku = a_feed(), await stock.stocked(5)
    moment = later(stock.at[0] - 0.001)
    await tell(stock, feed, (1, sku, 2), at=moment)
    await tell(stock, feed, (2, sku, 3))
    await sweep(stock)
    owner = await stock.server.owner(stock.tenant)
    effect = (
        "insert into stock.feed_effect (feed_id, document_id, sku_id, source_sequence, delta, at)"
    )
    await owner.execute(
        "insert into stock.feed_event (feed_id, source_sequence, sku_code, delta, at, verdict,"
        " heard_at) select f.feed_id, 3, $2, 2, $3, 'in_order', $4 from stock.feed f"
        " where f.code = $1", feed, sku, moment, later(stock.at[0]),
    )  # fmt: skip
    await owner.execute(
        f"{effect} select e.feed_id, gen_random_uuid(), e.sku_id, 3, 2, e.at from stock.feed_effect"
        " e join stock.feed f on f.feed_id = e.feed_id where f.code = $1 and e.source_sequence = 1",
        feed,
    )
    await sweep(stock)
    assert await alarms(stock, feed) == []
    await tell(stock, feed, (4, sku, 1))
    await sweep(stock)
    assert [(a.kind, a.first_sequence, a.last_sequence) for a in await alarms(stock, feed)] == [
        ("doubled", 1, 3)
    ]
    for table in ("feed_effect", "feed_event"):
        await owner.execute(
            f"delete from stock.{table} where source_sequence = 3 and feed_id ="
            " (select feed_id from stock.feed where code = $1)", feed,
        )  # fmt: skip
    await owner.close()
    await sweep(stock)
    assert [a.state for a in await alarms(stock, feed)] == ["gone"]


async def test_a_twin_that_takes_effect_later_is_noticed_then(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.stocked(3)
    moment = later(stock.at[0] - 0.001)
    await tell(stock, feed, (1, sku, -2), at=moment)
    await tell(stock, feed, (2, sku, -2), at=moment)
    await sweep(stock)
    assert [a.kind for a in await alarms(stock, feed)] == []
    await tell(stock, feed, (3, sku, 4))
    await sweep(stock)
    assert [(a.kind, a.amount) for a in await alarms(stock, feed)] == [("doubled", -2)]


async def test_going_on_from_the_last_sweep_tells_what_reading_all_tells(stock: Stock) -> None:
    chance = random.Random(7)
    feeds, skus = [a_feed() for _ in range(3)], [await stock.stocked(20) for _ in range(3)]
    await policy(stock, "N1", "ignore", after=9999, lag=30)
    told = dict.fromkeys(feeds, 0)
    moment = later(stock.at[0] - 0.001)
    owner = await stock.server.owner(stock.tenant)
    for _ in range(8):
        for _ in range(chance.randrange(5)):
            feed = chance.choice(feeds)
            told[feed] += chance.choice((1, 1, 1, 2))
            sku, delta = chance.choice(skus), chance.choice((-9, 1, 1, 1))
            await tell(stock, feed, (told[feed], sku, delta), at=moment)
        stock.at[0] += chance.choice((0, 15, 40)) * SECOND
        await sweep(stock)
        went_on = await open_ones(stock, feeds)
        await owner.execute("delete from stock.feed_look")
        await sweep(stock)
        assert went_on == await open_ones(stock, feeds)
    await owner.close()
    assert {kind for _, kind, *_ in went_on} >= {"doubled", "gap", "lagging"}
