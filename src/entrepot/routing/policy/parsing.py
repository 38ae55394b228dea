"""Reading the plain-text form of a policy (see `text`) back into the document.

The text becomes the JSON document, which is then read like any other; so both forms accept the
same policies. Mistakes of the text itself are told by line, all at once.
"""

import json
import re
from typing import Any, Final

from entrepot.kernel.reading import convert
from entrepot.kernel.refusals import FieldError, Invalid, TooLarge, Unparsable
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.files import MAX_BYTES, check_policy
from entrepot.routing.policy.text import CONDITIONS

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?[0-9]+)|(?P<sign><=|>=|!=|[=<>])"""
    r"""|(?P<word>[A-Za-z_][A-Za-z0-9_.-]*)|(?P<mark>[(),\[\]]))"""
)
_TAGS: Final = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "has": "has"}
_JOINED: Final = ("all", "any", "not")
_HEAD: Final = {
    "owner": "owner", "review": "review", "from": "effective_from", "until": "effective_until",
    "channel": "channel", "zone": "zone", "systems": "systems",
}  # fmt: skip
_BARE: Final = ("review", "from", "until")
MAX_DEPTH: Final = 50

Document = dict[str, Any]


class _Mistake(Exception):
    """Something wrong with the text of one line."""


def parse_policy(text: str) -> Policy:
    """The policy that a text stands for. Raises TooLarge or Invalid with every mistake."""
    if len(text.encode()) > MAX_BYTES:
        raise TooLarge("the policy is too large", limit_bytes=MAX_BYTES)
    document: Document = {"format": "routing-policy/1", "rules": []}
    errors = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                _take(document, line)
            except (_Mistake, ValueError, RecursionError) as mistake:
                errors.append(FieldError(f"line {number}", "unreadable", str(mistake)))
    if errors:
        raise Invalid("the text is no policy", code="bad_policy", errors=errors)
    try:
        policy = convert(document, Policy)
    except RecursionError:
        raise Unparsable("the policy is nested too deeply") from None
    except Invalid as invalid:
        raise Invalid(
            "the policy breaks the format", code="bad_policy", errors=invalid.errors
        ) from None
    check_policy(policy)
    return policy


def _take(document: Document, line: str) -> None:
    """Put one line into the document."""
    name, _, rest = line.strip().partition(" ")
    if line[0].isspace():
        if "tests" in document:
            _put(document["tests"][-1], name, _json(rest, whole=name != "problem"))
        elif document["rules"]:
            _put(document["rules"][-1], name, _value(name, rest))
        else:
            raise _Mistake("an indented line before the first rule")
    elif name == "policy":
        match = re.fullmatch(r"(\S+) version ([0-9]+)", rest)
        if match is None:
            raise _Mistake("expected: policy ID version NUMBER")
        _put(document, "id", match[1])
        _put(document, "version", int(match[2]))
    elif name in _HEAD and not document["rules"]:
        _put(document, _HEAD[name], rest if name in _BARE else _json(rest))
    else:
        if name == "test":
            document.setdefault("tests", []).append({"id": rest})
        elif "tests" in document:
            raise _Mistake("a rule after the first test")
        else:
            document["rules"].append({"kind": name, "id": rest})
        if not rest or " " in rest:
            raise _Mistake("expected: KIND ID")


def _put(target: Document, name: str, value: Any) -> None:
    if name in target:
        raise _Mistake(f"{name} stands twice")
    target[name] = value


def _value(name: str, rest: str) -> Any:
    return _Reader(rest).whole() if name in CONDITIONS else _json(rest)


def _json(text: str, *, whole: bool = True) -> Any:
    """A value; `whole`: without fractions, which only the problems of tests have (latitudes)."""
    fraction = _no_fraction if whole else None
    try:
        return json.loads(text, parse_float=fraction, parse_constant=_no_fraction)
    except json.JSONDecodeError as error:
        raise _Mistake(f"no value: {error}") from None


def _no_fraction(text: str) -> None:
    raise _Mistake(f"{text} is no whole number")


class _Reader:
    """One condition, token by token."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise _Mistake(f"unreadable at {text[at : at + 20]!r}")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        self._at = 0

    def whole(self) -> Document:
        found = self._condition(1)
        if self._at < len(self._tokens):
            raise _Mistake(f"more than one condition, from {self._tokens[self._at][1]!r}")
        return found

    def _next(self, kind: str | None = None, text: str | None = None) -> str:
        if self._at == len(self._tokens):
            raise _Mistake(f"the line ends where {text or kind or 'more'} is expected")
        found_kind, found = self._tokens[self._at]
        if (kind is not None and kind != found_kind) or (text is not None and text != found):
            raise _Mistake(f"expected {text or kind}, found {found!r}")
        self._at += 1
        return found

    def _peek(self) -> str | None:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else None

    def _condition(self, depth: int) -> Document:
        if depth > MAX_DEPTH:
            raise _Mistake("conditions are nested too deeply")
        word = self._next("word")
        if word not in _JOINED or self._peek() != "(":
            return self._test(word)
        self._next("mark", "(")
        parts = [self._condition(depth + 1)]
        while word != "not" and self._peek() == ",":
            self._next()
            parts.append(self._condition(depth + 1))
        self._next("mark", ")")
        return {"is": word, "of": parts[0] if word == "not" else parts}

    def _test(self, field: str) -> Document:
        sign = self._next()
        if sign == "exists":
            return {"is": "exists", "field": field}
        if sign == "in":
            return {"is": "in", "field": field, "values": self._list()}
        if sign not in _TAGS:
            raise _Mistake(f"{sign!r} is no way to compare")
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        if kind == "word" and text not in ("true", "false"):
            return {"is": _TAGS[sign], "field": field, "as": self._next()}
        return {"is": _TAGS[sign], "field": field, "value": self._scalar()}

    def _scalar(self) -> Any:
        text = self._next()
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            raise _Mistake(f"{text!r} is no value") from None

    def _list(self) -> list[Any]:
        self._next("mark", "[")
        values = [self._scalar()]
        while self._peek() == ",":
            self._next()
            values.append(self._scalar())
        self._next("mark", "]")
        return values
