"""Named SQL statements from `.sql` files: `-- name: verb` above each, `:param` inside.

Written here because the known loaders take surplus arguments silently and break array slices.
"""

import re
from functools import cache
from pathlib import Path

import msgspec

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)
# Literals, quoted names, comments, dollar quotes, casts and slices are stepped over whole.
_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|::|:=|(?<=\[)\w*:\w*(?=\])"
    r"|:([a-z][a-z0-9_]*)",
    re.DOTALL,
)


class Statement(msgspec.Struct, frozen=True):
    """One statement, ready for PostgreSQL, with its parameters in order of `$n`."""

    name: str
    sql: str
    params: tuple[str, ...]

    def arguments(self, given: dict[str, object]) -> list[object]:
        """The positional arguments. Raises TypeError unless `given` names exactly `params`."""
        if len(given) != len(self.params) or any(name not in given for name in self.params):
            raise TypeError(f"{self.name} takes {self.params}, was given {tuple(given)}")
        return [given[name] for name in self.params]


def parse_statement(name: str, text: str) -> Statement:
    """Turn `:param` into `$n`, the same parameter always into the same number."""
    params: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        param = match.group(2)
        if param is None:
            return match.group(0)
        if param not in params:
            params.append(param)
        return f"${params.index(param) + 1}"

    return Statement(name, _TOKEN.sub(numbered, text).strip().rstrip(";"), tuple(params))


@cache
def load_sql(beside: str, filename: str) -> dict[str, Statement]:
    """All statements of `filename` in the folder of module file `beside`."""
    text = (Path(beside).parent / filename).read_text(encoding="utf-8")
    parts = _NAME.split(text)
    names = parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{filename}: a statement name occurs twice")
    return {n: parse_statement(n, body) for n, body in zip(names, parts[2::2], strict=True)}
