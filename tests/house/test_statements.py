"""Every named statement fits the migrated schema, its arguments and its record type."""

import ast
import importlib
import types
import typing
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec
import pytest

from entrepot.platform.sqlfile import Statement, load_sql
from entrepot.tenancy.entrances import at, connect
from tests.house.floors import SOURCE
from tests.postgres_fixture import InstalledServer

_READS = {"one", "find", "list"}
_CALLS = _READS | {"value", "execute"}
_KINDS: dict[str, tuple[type, ...]] = {
    "int2": (int,), "int4": (int,), "int8": (int,), "text": (str, StrEnum), "uuid": (UUID,),
    "bool": (bool,), "timestamptz": (datetime,), "date": (date,), "jsonb": (bytes,),
    "bytea": (bytes,), "float8": (float,), "name": (str,),
}  # fmt: skip


class Use(NamedTuple):
    """One place in the code that runs a statement."""

    where: str
    statement: Statement
    keywords: set[str] | None
    record: type[msgspec.Struct] | None


def loaded(path: Path, tree: ast.Module) -> dict[str, dict[str, Statement]]:
    """The statement files that a module loads, by the name it gives them."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            call = node.value
            if isinstance(call.func, ast.Name) and call.func.id == "load_sql":
                assert isinstance(call.args[1], ast.Constant)
                target = node.targets[0]
                assert isinstance(target, ast.Name)
                found[target.id] = load_sql(str(path), str(call.args[1].value))
    return found


def uses() -> Iterator[Use]:
    """Every `tx.verb(SQL["name"], Record, argument=…)` of the product."""
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        files = loaded(path, tree)
        if not files:
            continue
        dotted = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
        module = importlib.import_module(dotted)
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr not in _CALLS or not node.args:
                continue
            first = node.args[0]
            if not (isinstance(first, ast.Subscript) and isinstance(first.value, ast.Name)):
                continue
            if first.value.id not in files or not isinstance(first.slice, ast.Constant):
                continue
            statement = files[first.value.id][str(first.slice.value)]
            names = {keyword.arg for keyword in node.keywords}
            keywords = None if None in names else {name for name in names if name}
            record = None
            if node.func.attr in _READS and isinstance(node.args[1], ast.Name):
                record = getattr(module, node.args[1].id)
            yield Use(f"{path.name}:{node.lineno}", statement, keywords, record)


USES = list(uses())


def fits(kind: str, annotation: Any) -> bool:
    """Whether a column of this type may stand in a field of this annotation."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated or isinstance(annotation, typing.NewType):
        inner = annotation.__supertype__ if isinstance(annotation, typing.NewType) else None
        return fits(kind, inner or typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return any(fits(kind, part) for part in typing.get_args(annotation))
    if origin is typing.Literal:
        return kind == "text"
    if kind.endswith("[]") or kind.startswith("_"):
        inner_kind = kind.removesuffix("[]").removeprefix("_")
        return origin in (list, tuple, frozenset) and fits(
            inner_kind, typing.get_args(annotation)[0]
        )
    if not isinstance(annotation, type):
        return False
    return any(issubclass(annotation, python) for python in _KINDS.get(kind, ()))


class Databases:
    """A tenant's and the control database, as their owners see them."""

    def __init__(self, tenant: Any, control: Any) -> None:
        self._both = (tenant, control)

    async def prepare(self, statement: Statement) -> Any:
        """The prepared statement, in whichever database has its tables."""
        missing: Exception | None = None
        for connection in self._both:
            try:
                return await connection.prepare(statement.sql)
            except (
                asyncpg.UndefinedTableError,
                asyncpg.UndefinedFunctionError,
                asyncpg.InvalidSchemaNameError,
            ) as error:
                missing = missing or error
        raise AssertionError(f"{statement.name}: {missing}")


@pytest.fixture(scope="module")
async def databases(server: InstalledServer) -> AsyncIterator[Databases]:
    tenant = await server.owner(await server.tenant())
    control = await connect(at(server.superuser, "entrepot_control"))
    yield Databases(tenant, control)
    await tenant.close()
    await control.close()


@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use.where}-{use.statement.name}")
async def test_a_statement_fits_its_use(databases: Databases, use: Use) -> None:
    prepared = await databases.prepare(use.statement)
    if use.keywords is not None:
        assert use.keywords == set(use.statement.params)
    if use.record is None:
        return
    columns = prepared.get_attributes()
    fields = msgspec.structs.fields(use.record)
    assert [c.name for c in columns] == [f.name for f in fields]
    for column, field in zip(columns, fields, strict=True):
        hint = typing.get_type_hints(use.record, include_extras=True)[field.name]
        assert fits(column.type.name, hint), f"{column.name}: {column.type.name} into {hint}"


def test_every_statement_is_used() -> None:
    unused = []
    for path in SOURCE.rglob("*.py"):
        text = path.read_text()
        for variable, statements in loaded(path, ast.parse(text)).items():
            unused += [
                f"{path.parent.name}: {name}"
                for name in statements
                if f'{variable}["{name}"]' not in text
                and not any(
                    f'"{name}"' in other.read_text()
                    for other in (SOURCE / path.relative_to(SOURCE).parts[0]).rglob("*.py")
                )
            ]
    assert not unused
