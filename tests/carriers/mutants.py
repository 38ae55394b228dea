"""Change one number of the demo cards at a time and see whether the case tables notice.

    python -m tests.carriers.mutants [--write FILE]

A mutant is a number raised or lowered by one (in the card file's own unit: one minor unit, gram,
millimetre, permille, day). It is caught when the file is refused or any case of the tables gives
another answer, which is what turns `test_rating_cases.py` red: both use `differences`.
The check is in-process: 100 mutants a second instead of one per test run.
"""

import argparse
import copy
import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.carriers.rating_tables import demo, differences

Place = tuple[str | int, ...]
PARTS = ("services", "fx", "insurance", "member_tiers", "value_added_services", "storage")


def numbers(value: Any, place: Place = ()) -> Iterator[Place]:
    """Where whole numbers stand, in order."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from numbers(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from numbers(item, (*place, index))
    elif isinstance(value, int) and not isinstance(value, bool):
        yield place


def changed(document: dict[str, Any], place: Place, by: int) -> dict[str, Any]:
    """The document with one number changed; only the path to it is copied."""
    root = copy.copy(document)
    spot: Any = root
    for key in place[:-1]:
        spot[key] = copy.copy(spot[key])
        spot = spot[key]
    spot[place[-1]] += by
    return root


def _is_case(name: str) -> bool:
    """Whether a difference is a case's, not the file check's or an edge warning's."""
    return name != "file" and not name.startswith("warning ")


def run() -> dict[str, Any]:
    """All mutants of all parts: counts, the share caught, and who survived."""
    document = {key: value for key, value in demo().items() if key in PARTS}
    assert not differences(document), "the unchanged cards must pass"
    survivors: list[str] = []
    counts: dict[str, dict[str, int]] = {}
    for part in PARTS:
        places = list(numbers(document[part], (part,)))
        caught_both = by_cases = one_way = 0
        for place in places:
            found = [differences(changed(document, place, by)) for by in (1, -1)]
            caught = [bool(names) for names in found]
            caught_both += all(caught)
            by_cases += all(any(map(_is_case, names)) for names in found)
            one_way += any(any(map(_is_case, names)) for names in found)
            if not all(caught):
                sides = "".join(sign for sign, ok in zip("+-", caught, strict=True) if not ok)
                survivors.append(f"{sides} {'.'.join(map(str, place))}")
        counts[part] = {
            "numbers": len(places),
            "caught_both_ways": caught_both,
            "caught_both_ways_by_a_case": by_cases,
            "caught_by_a_case_up_or_down": one_way,
        }
    total = sum(count["numbers"] for count in counts.values())
    caught_total = sum(count["caught_both_ways"] for count in counts.values())
    return {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "what": "each number of the demo cards +1 and -1; caught = a case or the file check is red",
        "numbers": total,
        "caught_both_ways": caught_total,
        "percent": round(100 * caught_total / total, 1),
        "parts": counts,
        "survivors": survivors,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", type=Path)
    parser.add_argument("--least-percent", type=float, default=90.0)
    arguments = parser.parse_args()
    result = run()
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    print(text)
    if arguments.write:
        arguments.write.write_text(text, encoding="utf-8")
    raise SystemExit(result["percent"] < arguments.least_percent)


if __name__ == "__main__":
    main()
