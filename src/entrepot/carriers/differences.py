"""What differs between two versions of a card, number by number, for the eye of who imports."""

from collections.abc import Iterator
from typing import Any

import msgspec

_NAMES = frozenset({"rate.card", "rate.version", "rate.valid_from", "rate.valid_to"})
"""What differs between any two versions and says nothing."""


class Difference(msgspec.Struct, frozen=True):
    """One place of a card that changed; an empty text where one of the two has nothing there."""

    place: str
    before: str
    after: str


def differences(before: Any, after: Any) -> list[Difference]:
    """Every leaf that differs, in the order of the newer document, gone ones last of each part."""
    return [found for found in _walk(before, after, "") if found.place not in _NAMES]


def _walk(before: Any, after: Any, path: str) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*after, *(key for key in before if key not in after)]:
            yield from _walk(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            old = before[index] if index < len(before) else None
            new = after[index] if index < len(after) else None
            yield from _walk(old, new, f"{path}[{index}]")
    elif before != after:
        yield Difference(path, _text(before), _text(after))


def _text(value: Any) -> str:
    return "" if value is None else msgspec.json.encode(value).decode().strip('"')[:200]
