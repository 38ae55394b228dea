"""The adapters with their recordings, for the contract: ours, karrio's Sendle, the example's."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import msgspec

from entrepot.carriers.adapter_contract import ContractCase
from entrepot.carriers.adapters.karrio_threads import KarrioThreads
from entrepot.carriers.adapters.plain_json import PlainJson
from entrepot.carriers.adapters.protocol import LiveLine, LiveOffer, LivePlace
from entrepot.carriers.emulator import Reply

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def json(value: object, status: int = 200) -> Reply:
    return Reply(msgspec.json.encode(value), status)


def example(name: str) -> Any:
    """A module of docs/examples, which is no package."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


EXPRESS = {
    "service": "EXPRESS", "total_minor": 9000, "currency": "CNY", "days": [2, 4],
    "lines": [{"code": "freight", "minor": 9500}, {"code": "rebate", "minor": -500}],
    "reference": "q-1",
}  # fmt: skip


def spoilt(**fields: Any) -> Reply:
    """The small protocol's answer with fields of its only offer changed."""
    return json({"offers": [EXPRESS | fields]})


PLAIN = ContractCase(
    name="plain_json",
    make=PlainJson,
    credentials={"token": "tok-secret-1"},
    good=(json({"offers": [EXPRESS]}),),
    offers=(
        LiveOffer(
            "EXPRESS", 9000, "CNY", (2, 4), (LiveLine("freight", 9500), LiveLine("rebate", -500)),
            "q-1",
        ),
    ),
    refused=(json({"refused": {"code": "embargo", "message": "not before 3 December"}}, 422),),
    nonsense=(
        spoilt(total_minor=0),
        spoilt(total_minor=-9000),
        spoilt(total_minor=9000.5),
        spoilt(total_minor="9000"),
        spoilt(total_minor=True),
        spoilt(total_minor=None),
        spoilt(total_minor=10**18),
        spoilt(total_minor=9001),
        spoilt(currency="XTS"),
        spoilt(currency="cny"),
        spoilt(currency=156),
        spoilt(currency=""),
        spoilt(service="SLOW BOAT"),
        spoilt(service=""),
        spoilt(service=None),
        spoilt(days=[4, 2]),
        spoilt(days=[-1, 2]),
        spoilt(days=[2]),
        spoilt(days=[2, 4000]),
        spoilt(lines=[{"code": "freight", "minor": 1}]),
        spoilt(surprise=1),
        json({"offers": [EXPRESS, EXPRESS]}),
        json({"offers": []}),
        json({"offers": None}),
        json({"offers": [EXPRESS | {"service": f"S{i}"} for i in range(300)]}),
        json({}),
        json([]),
        json(None),
        json({"offers": [EXPRESS]}, 201),
        json({"offers": [EXPRESS]}, 404),
        json({"refused": "no"}, 422),
        json({}, 401),
        json({}, 429),
    ),
)  # fmt: skip


def sendle(
    code: str, amount: float, currency: str = "AUD", days: object = (3, 5)
) -> dict[str, Any]:
    """One product as Sendle's public API documents it (GET /api/products)."""
    gst = round(amount / 11, 2)
    return {
        "quote": {
            "gross": {"amount": amount, "currency": currency},
            "net": {"amount": round(amount - gst, 2), "currency": currency},
            "tax": {"amount": gst, "currency": currency},
        },
        "price_breakdown": {
            "base": {"amount": round(amount - gst, 2), "currency": currency},
            "discount": {"amount": 0, "currency": currency},
        },
        "tax_breakdown": {"gst": {"amount": gst, "currency": currency, "rate": 0.1}},
        "plan": "Sendle Standard",
        "eta": {"days_range": days, "date_range": ["2026-11-26", "2026-11-30"]},
        "route": {"type": "national", "description": "Sydney to Perth"},
        "product": {"code": code, "name": "Standard", "first_mile_option": "pickup",
                    "service": "standard"},
    }  # fmt: skip


def _sendle_offer(service: str, minor: int) -> LiveOffer:
    """Two pieces are two answers of Sendle's; karrio adds them up."""
    return LiveOffer(service, minor, "AUD", (3, 5), _sendle_lines(minor))


def _sendle_lines(minor: int) -> tuple[LiveLine, ...]:
    gst = round(minor / 2 / 11) * 2
    return (LiveLine("base", minor - gst), LiveLine("gst", gst))


SENDLE = ContractCase(
    name="karrio",
    make=KarrioThreads,
    options={"carrier": "sendle"},
    credentials={"sendle_id": "demo_entrepot", "api_key": "key-secret-2"},
    good=(json([sendle("STANDARD-PICKUP", 11.0), sendle("EXPRESS-PICKUP", 22.0)]),),
    offers=(
        _sendle_offer("sendle_standard_pickup", 2200),
        _sendle_offer("sendle_express_pickup", 4400),
    ),
    refused=(
        json(
            {"error": "unprocessable_entity", "error_description": "The data you supplied is off",
             "messages": {"receiver_postcode": ["is not served"]}},
            422,
        ),
    ),
    nonsense=(
        json([sendle("STANDARD-PICKUP", 0)]),
        json([sendle("STANDARD-PICKUP", -11.0)]),
        json([sendle("STANDARD-PICKUP", 11.0, "XTS")]),
        json([sendle("STANDARD-PICKUP", 11.0, "")]),
        json([sendle("STANDARD-PICKUP", 11.0, days=[5, 3])]),
        json([sendle("STANDARD-PICKUP", 11.0, days=[])]),
        json([sendle("STANDARD-PICKUP", 11.0, days=["soon"])]),
        json([sendle("TELEPORT", 11.0)]),
        json([sendle("STANDARD-PICKUP", 11.0) | {"quote": {"gross": {"amount": "eleven"}}}]),
        json([sendle("STANDARD-PICKUP", 11.0) | {"quote": 11}]),
        json([]),
        json({}),
        json("fine"),
        json({"error": "unauthorised", "error_description": "Who are you?"}, 401),
    ),
    origin=LivePlace("AU", state="NSW", postcode="2010", city="Sydney"),
)  # fmt: skip

KUAI = {"product": "KUAI", "price": "88.50", "currency": "CNY", "working_days": 3}

HARBOUR = ContractCase(
    name="harbour_post",
    make=example("harbour_post").HarbourPost,
    options={"contract": "HP-1"},
    credentials={"user": "entrepot", "password": "pass-secret-3"},
    good=(json([KUAI, KUAI | {"product": "MAN", "price": "4000", "currency": "JPY"}]),),
    offers=(
        LiveOffer("KUAI", 8850, "CNY", (3, 3)),
        LiveOffer("MAN", 4000, "JPY", (3, 3)),
    ),
    refused=(json({"fault": {"no": 17, "text": "no postcode"}}, 400),),
    nonsense=(
        json([KUAI | {"price": "-1.00"}]),
        json([KUAI | {"price": "0"}]),
        json([KUAI | {"price": "1.005"}]),
        json([KUAI | {"price": "NaN"}]),
        json([KUAI | {"price": "1e308"}]),
        json([KUAI | {"price": 88.5}]),
        json([KUAI | {"currency": "XTS"}]),
        json([KUAI | {"currency": "元"}]),
        json([KUAI | {"working_days": -3}]),
        json([KUAI | {"product": "UNKNOWN"}]),
        json([KUAI, KUAI]),
        json({"fault": {}}, 400),
        json([], 500),
    ),
)

CASES = (PLAIN, SENDLE, HARBOUR)
