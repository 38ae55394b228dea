"""Packing: known answers, wishes, refusals; an independent checker over seeded sets."""

import copy
import json
import time
from typing import Any

import msgspec
import pytest

from entrepot.consolidation.packing.choosing import pack
from entrepot.consolidation.packing.files import read_pack_request
from entrepot.kernel.refusals import Invalid, Unparsable
from tests.consolidation.packing_checker import faults
from tests.consolidation.packing_sets import CARTONS, seeded_set


def packed(request: dict[str, Any]) -> dict[str, Any]:
    """The answer as a plain document, shown to be without faults."""
    answer = pack(read_pack_request(json.dumps(request)))
    document: dict[str, Any] = json.loads(msgspec.json.encode(answer))
    assert faults(request, document) == []
    return document


def wanted(*pieces: dict[str, Any], **more: Any) -> dict[str, Any]:
    rows = [{"id": f"p{i}", "g": 100, **piece} for i, piece in enumerate(pieces)]
    return {"cartons": CARTONS, "pieces": rows, **more}


def codes(document: dict[str, Any]) -> list[str]:
    return [carton["code"] for carton in document["cartons"]]


BOX = {
    "code": "BOX", "inner_mm": [200, 200, 200], "outer_mm": [210, 210, 210], "tare_g": 100,
    "max_g": 5000, "cost_minor": 10,
}  # fmt: skip


def test_eight_cubes_fill_a_box_exactly() -> None:
    request = wanted(*[{"mm": [100, 100, 100]}] * 8, cartons=[BOX])
    document = packed(request)
    assert codes(document) == ["BOX"]
    assert document["cartons"][0]["fill_permille"] == 1000
    assert document["cartons"][0]["gross_g"] == 900
    assert document["cartons"][0]["gross_max_g"] == 900
    assert codes(packed(wanted(*[{"mm": [100, 100, 100]}] * 9, cartons=[BOX]))) == ["BOX", "BOX"]


def test_the_smallest_carton_of_the_catalogue() -> None:
    assert codes(packed(wanted({"mm": [180, 120, 60]}))) == ["K1"]
    assert codes(packed(wanted({"mm": [60, 180, 120]}))) == ["K1"]
    assert codes(packed(wanted({"mm": [181, 120, 60]}))) == ["K2"]
    assert codes(packed(wanted({"mm": [300, 250, 30]}))) == ["B1"]
    assert codes(packed(wanted({"mm": [600, 450, 400]}))) == ["K6"]


def test_turning_and_standing_upright() -> None:
    assert codes(packed(wanted({"mm": [60, 120, 180]}))) == ["K1"]
    upright = packed(wanted({"mm": [60, 120, 180], "upright": True}))
    assert codes(upright) == ["K3"]
    assert upright["cartons"][0]["placements"][0]["mm"][2] == 180


def test_weight_counts_with_the_tare() -> None:
    light = wanted({"mm": [100, 100, 50], "g": 1940})
    assert codes(packed(light)) == ["K1"]
    heavy = wanted({"mm": [100, 100, 50], "g": 1941})
    assert codes(packed(heavy)) != ["K1"]
    two = wanted(*[{"mm": [100, 100, 100], "g": 2450}] * 2, cartons=[BOX])
    assert len(packed(two)["cartons"]) == 1
    more = wanted(*[{"mm": [100, 100, 100], "g": 2451}] * 2, cartons=[BOX])
    assert len(packed(more)["cartons"]) == 2


def test_nothing_lies_on_fragile_pieces() -> None:
    flat = {"mm": [200, 200, 100], "upright": True}
    assert len(packed(wanted(flat, flat, cartons=[BOX]))["cartons"]) == 1
    one = packed(wanted({**flat, "fragile": True}, flat, cartons=[BOX]))
    assert len(one["cartons"]) == 1
    assert max(one["cartons"][0]["placements"], key=lambda p: p["at"][2])["id"] == "p0"
    fragile = {**flat, "fragile": True}
    assert len(packed(wanted(fragile, fragile, cartons=[BOX]))["cartons"]) == 2


def test_a_base_rests_on_seven_tenths() -> None:
    # a stand of 140 mm carries 200 mm (70 %), one of 139 mm does not
    def cartons(width: int) -> int:
        stand = {"mm": [200, width, 100], "upright": True}
        lid = {"mm": [200, 200, 100], "upright": True, "fragile": True}
        return len(packed(wanted(stand, lid, cartons=[BOX]))["cartons"])

    assert cartons(140) == 1
    assert cartons(139) == 2


def test_together_and_apart() -> None:
    half = {"mm": [200, 200, 100]}
    free = packed(wanted(half, half, half, cartons=[BOX]))
    assert [len(carton["placements"]) for carton in free["cartons"]] == [2, 1]
    bound = wanted(half, half, half, cartons=[BOX], together=[["p1", "p2"]])
    ids = [{p["id"] for p in carton["placements"]} for carton in packed(bound)["cartons"]]
    assert {"p1", "p2"} in ids
    apart = wanted(half, half, cartons=[BOX], apart=[["p0", "p1"]])
    assert len(packed(apart)["cartons"]) == 2
    chained = wanted(half, half, half, cartons=[BOX], together=[["p0", "p1"], ["p1", "p2"]])
    assert {(x["id"], x["reason"]) for x in packed(chained)["left"]} == {
        ("p0", "together_does_not_fit"),
        ("p1", "together_does_not_fit"),
        ("p2", "together_does_not_fit"),
    }


def test_what_no_carton_takes_is_left_with_its_reason() -> None:
    document = packed(
        wanted({"mm": [601, 10, 10]}, {"mm": [50, 50, 50], "g": 29_181}, {"mm": [50, 50, 50]})
    )
    assert document["left"] == [
        {"id": "p0", "reason": "too_large"},
        {"id": "p1", "reason": "too_heavy"},
    ]
    assert len(document["cartons"]) == 1


def test_a_group_with_a_piece_too_large_stays_out_whole() -> None:
    request = wanted({"mm": [900, 10, 10]}, {"mm": [50, 50, 50]}, together=[["p0", "p1"]])
    assert packed(request)["left"] == [
        {"id": "p0", "reason": "too_large"},
        {"id": "p1", "reason": "together_does_not_fit"},
    ]


def test_filler_widens_the_weight_up_to_the_cartons_limit() -> None:
    # a void of 8 − 1 = 7 litres takes at most 140 g of filler
    carton = packed(wanted({"mm": [100, 100, 100], "g": 1000}, cartons=[BOX]))["cartons"][0]
    assert (carton["gross_g"], carton["gross_max_g"]) == (1100, 1240)
    full = packed(wanted({"mm": [100, 100, 100], "g": 4850}, cartons=[BOX]))["cartons"][0]
    assert (full["gross_g"], full["gross_max_g"]) == (4950, 5000)


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_seeded_sets_have_no_fault(first: int) -> None:
    for seed in range(first, first + 50):
        packed(seeded_set(seed))


@pytest.mark.slow
def test_two_thousand_sets_have_no_fault() -> None:
    fill = []
    for seed in range(10_000, 12_000):
        document = packed(seeded_set(seed))
        fill += [carton["fill_permille"] for carton in document["cartons"]]
    assert len(fill) > 2000


def test_the_same_request_packs_the_same_and_order_of_cartons_does_not_matter() -> None:
    request = seeded_set(4)
    turned = copy.deepcopy(request)
    turned["cartons"] = turned["cartons"][::-1]
    assert packed(request) == packed(request) == packed(turned)


def test_a_hundred_parcels_take_less_than_a_second_of_work() -> None:
    """A generous guard against the wrong order of growth; the bench measures."""
    pieces = [{"mm": [60 + 7 * i % 200, 80 + 11 * i % 190, 40 + 13 * i % 150]} for i in range(100)]
    start = time.process_time()
    packed(wanted(*pieces))
    assert time.process_time() - start < 5


def test_the_checker_sees_faults() -> None:
    """Each kind of damage to a good packing is found."""
    request = wanted(
        {"mm": [100, 100, 100], "fragile": True},
        {"mm": [100, 100, 100]},
        {"mm": [100, 100, 100]},
        cartons=[BOX],
    )
    good = packed(request)
    places = {p["id"]: p for p in good["cartons"][0]["placements"]}

    def broken(**changes: Any) -> list[str]:
        bad = copy.deepcopy(good)
        for placement in bad["cartons"][0]["placements"]:
            placement.update(changes.get(placement["id"], {}))
        return faults(request, bad)

    assert any("overlap" in f for f in broken(p1={"at": places["p2"]["at"]}))
    assert any("sticks out" in f for f in broken(p1={"at": [150, 0, 0]}))
    assert any("changed its size" in f for f in broken(p1={"mm": [50, 100, 100]}))
    x, y, _ = places["p0"]["at"]
    assert any("fragile" in f for f in broken(p1={"at": [x, y, 100]}))
    assert any("rests on" in f for f in broken(p1={"at": [100, 100, 90]}))
    lost = copy.deepcopy(good)
    lost["cartons"][0]["placements"].pop()
    assert any("missing" in f for f in faults(request, lost))
    assert any("apart" in f for f in faults({**request, "apart": [["p0", "p1"]]}, good))
    assert any("weighs" in f for f in faults({**request, "cartons": [{**BOX, "max_g": 1}]}, good))


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        (lambda d: d["pieces"][0].update(g=0), "pieces[0].g", "out_of_range"),
        (lambda d: d["pieces"][0].update(mm=[1, -2, 3]), "pieces[0].mm[1]", "out_of_range"),
        (lambda d: d["pieces"][0].update(mm=[1, 2, 30_001]), "pieces[0].mm[2]", "out_of_range"),
        (lambda d: d["pieces"][0].update(colour="red"), "pieces[0].colour", "unknown_field"),
        (lambda d: d.update(pieces=[]), "pieces", "out_of_range"),
        (lambda d: d["pieces"].append(d["pieces"][0]), "pieces[3].id", "duplicate"),
        (lambda d: d["cartons"].append(d["cartons"][0]), "cartons[8].code", "duplicate"),
        (
            lambda d: d["cartons"][0].update(inner_mm=[191, 1, 1]),
            "cartons[0].inner_mm[0]",
            "out_of_range",
        ),
        (lambda d: d["cartons"][0].update(max_g=60), "cartons[0].max_g", "out_of_range"),
        (lambda d: d.update(together=[["p0"]]), "together[0]", "bad_value"),
        (lambda d: d.update(together=[["p0", "p0"]]), "together[0]", "bad_value"),
        (lambda d: d.update(apart=[["p0", "px"]]), "apart[0][1]", "unknown_piece"),
        (
            lambda d: d.update(together=[["p0", "p1"], ["p1", "p2"]], apart=[["p0", "p2"]]),
            "apart[0]",
            "contradiction",
        ),
    ],
)
def test_requests_that_make_no_sense(change: Any, path: str, code: str) -> None:
    request = copy.deepcopy(wanted(*[{"mm": [50, 50, 50]}] * 3))
    change(request)
    with pytest.raises(Invalid) as caught:
        read_pack_request(json.dumps(request))
    assert (path, code) in [(error.path, error.code) for error in caught.value.errors]


def test_no_json_is_unparsable() -> None:
    with pytest.raises(Unparsable):
        read_pack_request(b"{")
