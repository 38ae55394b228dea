"""Estimate, hold, pack, actual: what of a held amount is captured, released, or asked for."""

import msgspec


class Settlement(msgspec.Struct, frozen=True):
    """capture + release = hold; `extra_minor` needs a new authorisation before anything ships."""

    hold_minor: int
    capture_minor: int
    release_minor: int
    extra_minor: int


def settle(*, hold_minor: int, actual_minor: int) -> Settlement:
    """Capture min(actual, hold), release the rest from one minor unit on, name the extra."""
    if hold_minor < 0 or actual_minor < 0:
        raise ValueError("amounts held and due are never negative")
    capture = min(hold_minor, actual_minor)
    extra = max(0, actual_minor - hold_minor)
    return Settlement(hold_minor, capture, hold_minor - capture, extra)


def accepts_extra(
    *, hold_minor: int, extra_minor: int, part_permille: int = 50, most_minor: int = 2000
) -> bool:
    """Whether the shopper's tolerance covers the extra: the smaller of a part of the hold and a
    fixed amount (default 5 % and 20.00 of the base currency)."""
    return 0 <= extra_minor <= min(hold_minor * part_permille // 1000, most_minor)
