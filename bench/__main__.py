"""Run measurements: `python -m bench [name …]`; without a name all of them."""

import importlib
import pkgutil
import sys

import bench

_NOT_BENCHES = {
    "__main__", "lines", "calibrate", "load", "routing_instances", "routing_rivals",
    "steady", "stock_house",
}  # fmt: skip


def main(names: list[str]) -> None:
    """Import each bench module and call its `run()`."""
    found = sorted(m.name for m in pkgutil.iter_modules(bench.__path__))
    known = [name for name in found if name not in _NOT_BENCHES]
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"no bench named {', '.join(unknown)}; there are: {', '.join(known)}")
    for name in names or known:
        importlib.import_module(f"bench.{name}").run()


if __name__ == "__main__":
    main(sys.argv[1:])
