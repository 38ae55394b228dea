"""Flows: one verb a file, where the rooms meet. Entrances call these and nothing below.

Every module here declares its verb with `@flow`, `@hot_flow` or `@query` under its own name; a
module that does not stops the program when it is imported. `FLOWS` lists them all.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from entrepot.access.flow import Declared, Undeclared


def _declared_in(name: str) -> Declared[Any, Any]:
    verb = getattr(import_module(f"{__name__}.{name}"), name, None)
    if not isinstance(verb, Declared):
        raise Undeclared(f"flows/{name}.py declares no flow or query called {name}")
    return verb


FLOWS: dict[str, Declared[Any, Any]] = {
    module.name: _declared_in(module.name) for module in iter_modules(__path__)
}
"""Every verb of the product by its name."""
