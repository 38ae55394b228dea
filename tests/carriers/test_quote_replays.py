"""Any quote, made again after any number of new versions, switches and rules: the same bytes."""

import datetime
import random
from typing import Any

from tests.carriers.price_house import PriceHouse, next_version, open_price_house, switch
from tests.postgres_fixture import InstalledServer

PLACES = (
    ("US", "99801"), ("US", None), ("JP", "1000001"), ("DE", "10115"), ("GB", "KW15 1AA"),
    ("AU", "2000"), ("SG", "018956"), ("TW", "100"), ("HK", None),
)  # fmt: skip
TAGS = (*[["general"]] * 3, ["battery_inside"], ["cosmetics"], ["liquid", "food"])
SEED = 20261122


def some_request(chance: random.Random) -> dict[str, Any]:
    """A request of any kind, mostly priceable."""
    country, postcode = chance.choice(PLACES)
    day = datetime.date(2026, 10, 25) + datetime.timedelta(days=chance.randrange(120))
    pieces = [
        {
            "g": chance.choice([chance.randint(1, 6000), chance.randint(1, 32000)]),
            "mm": [chance.randint(10, 450) for _ in range(3)],
            "tags": chance.choice(TAGS),
        }
        for _ in range(chance.randint(1, 3))
    ]
    fields: dict[str, Any] = {
        "country": country, "postcode": postcode, "ship_date": str(day), "pieces": pieces,
        "declared": {"minor": chance.randint(1, 90000), "currency": chance.choice(["CNY", "USD"])},
        "hs6": chance.sample(["610910", "851762", "950300"], chance.randint(1, 3)),
    }  # fmt: skip
    if chance.random() < 0.3:
        fields["vas"] = {"wood": chance.randint(0, 3), "photo": chance.randint(0, 9)}
    if chance.random() < 0.3:
        fields["insured_minor"] = chance.randint(0, 1_200_000)
    if chance.random() < 0.3:
        fields["coupon"] = {"permille": chance.randint(0, 1000), "max_minor": 5000}
    if chance.random() < 0.2:
        fields["options"] = ["signature"]
    if chance.random() < 0.2:
        fields["identities"] = chance.choice([[], ["tw_ez_way"]])
    return fields


async def change_something(house: PriceHouse, chance: random.Random, turn: int) -> None:
    """A new version of some cards, other rules, a service off somewhere."""
    start = str(datetime.date(2026, 11, 5) + datetime.timedelta(days=10 * turn))
    services = [next_version(name, f"v{turn}", start) for name in chance.sample(house.services, 5)]
    fx = (await house.key.get("/rate-cards/export"))["fx"]
    fx["rates_e6"] = {code: rate + turn + 1 for code, rate in fx["rates_e6"].items()}
    tiers = [{"tier": "V0", "base_discount_permille": turn}]
    document = {"services": services, "fx": fx, "member_tiers": tiers}
    calendars = {"CN": {"weekdays": [1, 2, 3, 4, 5, 6, 7][: 7 - turn]}}
    await house.key.post("/rate-cards/imports", {"cards": {**document, "calendars": calendars}})
    await switch(house.key, "SZX1", chance.choice(house.services), on=False)


async def test_every_quote_replays_to_the_byte(server: InstalledServer) -> None:
    house, chance = await open_price_house(server), random.Random(SEED)
    quotes, prices = [], 0
    for turn in range(5):
        for _ in range(8):
            quote = await house.quoted(**some_request(chance))
            prices += sum(offer["price"] is not None for offer in quote["offers"])
            quotes.append(quote)
        await change_something(house, chance, turn)
    assert prices > 40
    assert len({str(quote["versions"]["rules"]) for quote in quotes}) == 5
    for quote in quotes:
        replay = await house.key.get(f"/quotes/{quote['id']}/replay")
        assert replay["same"]
        assert replay["made"]["offers"] == quote["offers"]
        assert await house.key.get(f"/quotes/{quote['id']}") == quote
