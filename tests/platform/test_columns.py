"""Columns that travel as one text."""

import pytest

from entrepot.platform.columns import Unjoinable, joined, joined_numbers
from entrepot.platform.sqlfile import parse_statement
from tests.postgres_fixture import OPERATOR, InstalledServer

TEXTS = parse_statement("texts", "select string_to_array(:all, chr(31), '')")
NUMBERS = parse_statement("numbers", "select string_to_array(:all, chr(31))::bigint[]")


@pytest.mark.parametrize(
    "values",
    [["a"], ["a", None, "c"], [None, None], ['漢字, "quoted" {x}', "NULL", "\\", " "]],
)
async def test_the_database_takes_apart_what_was_joined(
    server: InstalledServer, values: list[str | None]
) -> None:
    async with server.database.control(OPERATOR) as tx:
        assert await tx.value(TEXTS, all=joined(values)) == values


async def test_numbers_come_apart_as_numbers(server: InstalledServer) -> None:
    async with server.database.control(OPERATOR) as tx:
        numbers = [0, -7, 9_000_000_000_000]
        assert await tx.value(NUMBERS, all=joined_numbers(numbers)) == numbers
        assert await tx.value(NUMBERS, all=joined_numbers([])) == []


@pytest.mark.parametrize("values", [["a", "b\x1fc"], ["\x1f"], [""], ["a", ""]])
def test_what_would_come_apart_otherwise_cannot_be_joined(values: list[str | None]) -> None:
    with pytest.raises(Unjoinable):
        joined(values)
