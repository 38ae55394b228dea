"""Rooms import only from lower floors, and rooms on one floor never each other."""

import grimp

from tests.house.floors import below, floors


def test_imports_only_go_down() -> None:
    graph = grimp.build_graph("entrepot")
    rooms = {room for floor in floors() for room in floor}
    seen, faults = set(), []
    for module in sorted(graph.modules):
        parts = module.split(".")
        if len(parts) < 2:
            continue
        room = parts[1]
        assert room in rooms, f"{module} stands on no floor"
        seen.add(room)
        for found in sorted(graph.find_modules_directly_imported_by(module)):
            other = found.split(".")[1] if "." in found else room
            if other != room and other not in below(room):
                faults.append(f"{module} imports {found}")
    assert len(seen) >= 15
    assert faults == []
