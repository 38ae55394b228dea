"""What the demo shows: read from `demo/demo-data.json`, whose companies are invented."""

from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).resolve().parents[3] / "demo"
PASSWORD = "parcel-demo"
"""Of every demo log-in: the demo listens on this machine only, with a key production refuses."""


class Content(msgspec.Struct):
    """The parts of the demo data that are used."""

    tenants: list[dict[str, Any]]
    staff: list[dict[str, Any]]
    shoppers: list[dict[str, Any]]
    sample_tracking_numbers: list[tuple[str, str]]
    goods_categories: list[dict[str, Any]]


def read_content() -> Content:
    """The demo data."""
    return msgspec.json.decode((FOLDER / "demo-data.json").read_bytes(), type=Content)


def english(names: dict[str, str]) -> str:
    """The English name, or any."""
    return names.get("en") or next(iter(names.values()))


def node_document(warehouse: dict[str, Any]) -> dict[str, Any]:
    """A warehouse of the demo data as `POST /nodes` takes it."""
    document = {
        "code": warehouse["code"],
        "kind": warehouse["kind"],
        "zone": warehouse["zone"],
        "names": warehouse["name"],
        "country": warehouse["country"],
        "lat": warehouse["lat"],
        "lon": warehouse["lon"],
    }
    for field in ("receiving_address", "receiving_phone"):
        if field in warehouse:
            document[field] = warehouse[field]
    return document


def bins_document(warehouse: dict[str, Any]) -> dict[str, Any]:
    """Its storage zones as `POST /nodes/{code}/bins` takes them."""
    zones = []
    for zone in warehouse["zones"]:
        length, width, height = zone["bin_mm"]
        zones.append(
            {
                "code": zone["code"],
                "class": zone["class"],
                "aisles": zone["aisles"],
                "bays": zone["bays"],
                "levels": zone["levels"],
                "max_g": zone["bin_max_g"],
                "length_mm": length,
                "width_mm": width,
                "height_mm": height,
                "max_parcels": zone["bin_max_parcels"],
            }
        )
    return {"zones": zones}
