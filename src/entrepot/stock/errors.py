"""Refusals of the stock room."""

from collections.abc import Sequence

from entrepot.kernel.refusals import Conflict, FieldError, Invalid, NotFound, Refusal

_MISSING = {
    "unknown_sku": ("sku", "there is no such SKU"),
    "unknown_place": ("to", "there is no such node or bin"),
}
_WRONG = {
    "lot_missing": ("lot", "this SKU is kept by lot"),
    "serial_missing": ("serial", "this SKU is kept by serial"),
}
_AGAINST = {
    "not_there": "so much does not lie there",
    "promised_to_others": "these goods are promised to somebody",
    "serial_elsewhere": "this serial is not there",
    "lot_expired": "this lot has expired",
    "bin_closed": "the bin that it came from is closed: move the goods to another one instead",
    "lot_recalled": "this lot is called back",
    "picked_for_somebody": "these goods were picked for somebody",
    "lasting_promised": "promised to who asked for lasting goods: take what expires sooner",
    "receive_again": "this was moved back: receive the goods, or hand them over, again",
    "came_back": "more of this sale came back than would be left of it",
}


def unknown_reservation() -> NotFound:
    """The refusal for a reservation that is not there or not the caller's."""
    return NotFound("there is no such reservation", code="unknown_reservation")


def unknown_channel(code: str) -> NotFound:
    """The refusal for a channel that is not there."""
    return NotFound("there is no such channel", code="unknown_channel", channel=code)


def unknown_names(missing: list[tuple[str, str, str]]) -> NotFound:
    """The refusal for SKUs and nodes that are not there: (place, sku or node, code) of each."""
    _, kind, code = missing[0]
    words = {"sku": "there is no such SKU", "node": "there is no such node"}
    faults = [FieldError(path, f"unknown_{of}", words[of]) for path, of, _ in missing[:100]]
    if kind == "sku":
        return NotFound(words[kind], code="unknown_sku", errors=faults, sku=code)
    return NotFound(words[kind], code="unknown_node", errors=faults, node=code)


def refusal_of_lines(faults: list[tuple[str, int]], *, skus: Sequence[str] = ()) -> Refusal:
    """The refusal for the faults of a document: (code, line from 1) as the database told them;
    `skus` are those of the lines, where they are known."""
    code, line = faults[0]
    if code in _AGAINST:
        if len(skus) < line:
            return Conflict(_AGAINST[code], code=code, line=line - 1)
        return Conflict(_AGAINST[code], code=code, line=line - 1, sku=skus[line - 1])
    errors = [
        FieldError(f"lines[{at - 1}].{field}", name, message)
        for name, at in faults[:100]
        for field, message in [(_MISSING | _WRONG)[name]]
    ]
    if code in _MISSING:
        return NotFound(_MISSING[code][1], code=code, errors=errors, line=line - 1)
    return Invalid("a line is not whole", errors=errors)
