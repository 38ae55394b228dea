"""The package's own tests: a rule is a pure function, so no Entrepot is needed to test it."""

from entrepot_careful_goods import FRAGILE_FEE_MINOR, fragile_fee, lithium_by_road

from entrepot.routing.plugins.contract import (
    Charge,
    Facts,
    LineFacts,
    Mask,
    NodeFacts,
    OrderFacts,
    ServiceFacts,
    Verdict,
)

OPTIONS = (("A", "air"), ("A", "road"))
SERVICES = tuple(ServiceFacts(level, "A", "SF", level, ()) for _, level in OPTIONS)


def goods(*tags: str) -> Facts:
    line = LineFacts("X", 1, 400, 100, tags, {})
    return Facts(OPTIONS, 0, lines=(line,), services=SERVICES)


def packing(*, fragile: bool, soft: bool) -> Facts:
    order = OrderFacts(0, None, "soft", False, {"fragile": fragile})
    node = NodeFacts("A", "store", "r", (), {"soft_packing": soft})
    return Facts(OPTIONS, 0, order=order, nodes=(node,))


def test_lithium_does_not_fly() -> None:
    assert lithium_by_road.judge(goods("lithium")).masks == (Mask("A", "air", "lithium_by_air"),)
    assert lithium_by_road.judge(goods("cold")) == Verdict()


def test_fragile_goods_cost_more_where_packing_is_hard() -> None:
    fee = Charge("A", None, FRAGILE_FEE_MINOR, "no_soft_packing")
    assert fragile_fee.judge(packing(fragile=True, soft=False)).charges == (fee,)
    assert fragile_fee.judge(packing(fragile=True, soft=True)) == Verdict()
    assert fragile_fee.judge(packing(fragile=False, soft=False)) == Verdict()
