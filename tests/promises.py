"""`make promises`: which promises are shown, partly shown, not yet, or not possible here.

`requirements/claims.tsv` has a row for each claim: promise id, test (pytest node ids, comma
separated), the breakage that turns it red (a patch under tests/breakages/), and what of the
acceptance text is left out (empty: nothing).
"""

import csv
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def rows(name: str) -> list[dict[str, str]]:
    """A table of `requirements/` as dictionaries."""
    with (ROOT / "requirements" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def faults() -> list[str]:
    """Claims that do not hold water: unknown promise, missing test, missing breakage."""
    known = {row["id"] for row in rows("promises.tsv")} | {r["id"] for r in rows("features.tsv")}
    found = []
    for claim in rows("claims.tsv"):
        if claim["id"] not in known:
            found.append(f"{claim['id']}: no such promise")
        for node in claim["test"].split(","):
            path, _, name = node.strip().partition("::")
            file = ROOT / path
            if not file.exists() or (
                name and f"def {name.split('::')[-1].split('[')[0]}(" not in file.read_text()
            ):
                found.append(f"{claim['id']}: no test {node}")
        if not (ROOT / "tests" / "breakages" / claim["breakage"]).is_file():
            found.append(f"{claim['id']}: no breakage {claim['breakage']}")
    return found


def main() -> int:
    """Print every promise with its standing; exit 1 when a claim does not hold water."""
    claims = {row["id"]: row for row in rows("claims.tsv")}
    standings: Counter[str] = Counter()
    for promise in rows("promises.tsv"):
        claim = claims.get(promise["id"])
        if claim is None:
            standing, why = "not yet", ""
        elif claim["left_out"].startswith("not possible here"):
            standing, why = "not possible here", claim["left_out"]
        else:
            standing, why = ("partly", claim["left_out"]) if claim["left_out"] else ("shown", "")
        standings[standing] += 1
        if standing != "not yet":
            print(f"{promise['id']:7} {standing:8} {promise['promise'][:70]}")
            if why:
                print(f"{'':16} left out: {why}")
    print(", ".join(f"{count} {standing}" for standing, count in sorted(standings.items())))
    for fault in faults():
        print(fault, file=sys.stderr)
    return 1 if faults() else 0


if __name__ == "__main__":
    sys.exit(main())
