"""Many values as one text: how a flight of hundreds of requests travels to its statement.

The driver asks each element of an array what it is; a text it copies. So long columns travel
joined, and the statement takes them apart:

    string_to_array(:names, chr(31), '')            -- texts, or null
    string_to_array(:ids, chr(31))::uuid[]          -- whatever has a text form
"""

from collections.abc import Iterable, Sequence

MARK = "\x1f"
"""The unit separator of ASCII (U+001F)."""


class Unjoinable(ValueError):
    """A value is empty or holds the mark itself: send the column as an array."""


def joined(values: Sequence[str | None]) -> str:
    """The texts as one; None is null again. Raises Unjoinable."""
    text = MARK.join([value or "" for value in values])
    if "" in values or text.count(MARK) != len(values) - 1:
        raise Unjoinable("a value is empty or holds U+001F")
    return text


def joined_numbers(values: Iterable[int]) -> str:
    """The numbers as one text."""
    return MARK.join(map(str, values))
