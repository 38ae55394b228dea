# ruff: noqa: E501 - the table of operations reads better in long lines
"""The tenant matrix of routing: previews, and the services by which nodes deliver."""

from typing import Any

from tests.api.harness import ApiKeyInHand
from tests.api.matrix_operation import Operation

_DELIVERY = "/nodes/{code}/delivery-services"


def service(**more: Any) -> dict[str, Any]:
    """A carrier's service with a pick-up every day; each zone dearer and slower."""
    rates = [
        {"first_g": 1000, "first_minor": 1000 + 500 * zone, "step_g": 1000, "step_minor": 200,
         "transit_min": 600 + 720 * zone}
        for zone in range(6)
    ]  # fmt: skip
    pick_ups = [{"weekday": day, "cut_off": "16:00", "leaves": "18:00"} for day in range(1, 8)]
    return {
        "code": "std", "carrier": "SF", "level": "standard", "max_g": 30_000, "rates": rates,
        "pick_ups": pick_ups, **more,
    }  # fmt: skip


ROUTING_OPERATIONS = [
    Operation("GET", _DELIVERY, "/nodes/{warehouse}/delivery-services", None, "nodes:read", ("warehouse",)),
    Operation(
        "PUT", _DELIVERY, "/nodes/{warehouse}/delivery-services",
        {"currency": "CNY", "services": [service()]}, "nodes:change", ("warehouse",),
    ),
    Operation(
        "POST", "/routing/previews", "/routing/previews",
        {
            "channel": "{channel}", "destination": {"country": "CN", "lat": 22.5, "lon": 114.0},
            "lines": [{"sku": "{sku}", "qty": 1}],
        },
        "stock:read", ("channel", "sku"),
    ),
]  # fmt: skip


async def open_services(key: ApiKeyInHand, node: str, *services: dict[str, Any]) -> None:
    """By these services a node delivers."""
    done = await key.ask(
        "PUT", f"/nodes/{node}/delivery-services",
        {"currency": "CNY", "services": list(services) or [service()]},
    )  # fmt: skip
    assert done.status_code == 200, done.text
