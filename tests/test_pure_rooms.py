"""`carriers.rating` and `consolidation.packing` know nothing of the house but its kernel."""

import sys

import grimp
import pytest

GRAPH = grimp.build_graph("entrepot", include_external_packages=True)


@pytest.mark.parametrize(
    ("room", "outside"),
    [
        ("entrepot.carriers.rating", {"msgspec"}),
        ("entrepot.consolidation.packing", {"msgspec"}),
    ],
)
def test_pure_room_imports_only_kernel(room: str, outside: set[str]) -> None:
    modules = {room, *GRAPH.find_descendants(room)}
    imported = set().union(*(GRAPH.find_modules_directly_imported_by(one) for one in modules))
    ours = {name for name in imported if name.startswith("entrepot.")} - modules
    assert {name for name in ours if not name.startswith("entrepot.kernel")} == set()
    others = {name for name in imported if not name.startswith("entrepot.")}
    assert others - set(sys.stdlib_module_names) <= outside
