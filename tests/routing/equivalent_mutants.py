"""Changes of the engine that cannot change an answer, each with the reason why.

`mutants.py` tries them all the same; only one that survives and is named here counts as
equivalent. Entries: file, a part of its source line, a part of the change, the reason.
"""

_FIRST_CALL = (
    "no item and no row before: only both together mean anything, so one alone changes nothing"
)
_SET_ANEW = "a field that run() sets before anything reads it"
_ASCENDING = "entries ascend: what comes after the break is skipped one by one instead"
_BELOW = "lower than any bound either way: the first bound takes its place"

EQUIVALENT: list[tuple[str, str, str, str]] = [
    ("descending.py", "0, 0, (), -1, -1)", "1  ->  +1", _FIRST_CALL),
    ("descending.py", "0, 0, (), -1, -1)", "1  ->  2", _FIRST_CALL),
    ("descending.py", "chosen, -1, -1)", "1  ->  ", _FIRST_CALL),
    ("closing.py", "0, 0, (), -1, -1)", "1  ->  ", _FIRST_CALL),
    ("closing.py", "chosen, -1, -1)", "1  ->  ", _FIRST_CALL),
    ("searching.py", "chosen, -1, -1)", "1  ->  ", _FIRST_CALL),
    ("descending.py", "self.nodes_left = 0", "0  ->  1", _SET_ANEW),
    ("descending.py", "self.slack = 0", "0  ->  1", _SET_ANEW),
    ("descending.py", "self.width = 0", "0  ->  1", _SET_ANEW),
    ("closing.py", "self.nodes_left = 0", "0  ->  1", _SET_ANEW),
    ("closing.py", "self.slack = 0", "0  ->  1", _SET_ANEW),
    ("closing.py", "break", "break  ->  continue", _ASCENDING),
    (
        "resting.py", "if count > taken:", "count >= taken",
        "nothing left of an item adds the one step of length 0",
    ),
    (
        "bounding.py", "while parts < units:", "parts <= units",
        "one combination more of what no further part can make cheaper",
    ),
    (
        "bounding.py", "if most is not None and most < units:", "most <= units",
        "a plan never has more shipments than pieces, so the bounds of both branches agree",
    ),
    (
        "waves.py", "fresh += master.add", "fresh -= ",
        "asked is only whether it is zero",
    ),
    ("waves.py", "best = -(2**62)", "2  ->  ", _BELOW),
    (
        "master.py", "if count > 1:", "count >= 1",
        "half of one, rounded down, counts nothing",
    ),
    (
        "resolving.py", "_NEAR_LIMIT * (1.0 + limits)", "limits) < _NEAR_LIMIT",
        "at the edge of what counts as near both formulas agree; near is wider than their errors",
    ),
    (
        "network.py", "or [(0, 0, 1)]", "0  ->  1",
        "stands for no rate at all, and then there is no option to price",
    ),
    (
        "columns.py", "reshape(len(counts), -1)", "1  ->  2",
        "numpy takes any negative number for the rest",
    ),
    (
        "searching.py", "(1 << (width - 1)) - 1 << shift", "width - 1  ->  width + 1",
        "the bits above belong to earlier items, which are served when this one is",
    ),
]  # fmt: skip
