"""Refusals of the reconciliation room."""

from entrepot.kernel.refusals import Conflict, NotFound


def unknown_difference() -> NotFound:
    """There is no such difference, or it is not the caller's."""
    return NotFound("there is no such difference", code="unknown_difference")


def difference_closed() -> Conflict:
    """Somebody was before, or it went away by itself."""
    return Conflict("this difference is closed", code="difference_closed")


def unknown_period(code: str) -> NotFound:
    """There is no such period."""
    return NotFound("there is no such period", code="unknown_period", period=code)
