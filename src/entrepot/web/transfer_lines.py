"""What somebody scanned or typed for a transfer, line by line: code, how many, lot, serial."""

from entrepot.kernel.refusals import Refusal
from entrepot.web.typed_lines import line_faults, read_typed
from entrepot.web.visits import Visit


def read_goods(text: str, path: str = "goods") -> list[dict[str, str | int]]:
    """The lines as goods. Raises Invalid naming every line (`goods[0]`, …) that cannot be read."""
    goods: list[dict[str, str | int]] = []
    for line in read_typed(text, path=path, number="qty"):
        named = zip(("lot", "serial"), line.more, strict=False)
        goods.append(
            {"sku": line.code, "qty": line.qty, **{name: cell for name, cell in named if cell}}
        )
    return goods


def goods_faults(visit: Visit, refusal: Refusal | None, typed: str) -> list[tuple[str, str]]:
    """The line that was typed, and what is wrong with it; other faults stand at their fields."""
    return [(line, fault) for line, fault in line_faults(visit, refusal, typed) if line]
