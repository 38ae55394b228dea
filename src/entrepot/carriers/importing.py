"""What an import would change: a card file or a price table against what is stored. Pure.

A file is read strictly and checked together with the stored versions it joins, so that overlaps
and gaps of zones, bands and dates are found before anything is kept, all at once, each with its
place in the file (`services[3].rate.price.Z1`) or in the table (`line 7: to_g`). What is stored
already under the same version with the same content is left alone; other content is refused.
"""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Literal

import msgspec

from entrepot.carriers import rules
from entrepot.carriers.differences import Difference, differences
from entrepot.carriers.rating.cards import CardFile, Service, StorageRules
from entrepot.carriers.rating.checks import findings
from entrepot.carriers.rating.edges import warnings
from entrepot.carriers.rating.sheets import next_versions, sheet_lines
from entrepot.carriers.rating.storage import storage_findings
from entrepot.carriers.tariffs import CardRow, RuleRow
from entrepot.carriers.types import RULE_KINDS, RuleKind, WorkingDays
from entrepot.kernel.reading import convert
from entrepot.kernel.refusals import FieldError, Invalid

_MET = re.compile(r"(services\[\d+\]\.rate) is")
Form = Literal["json", "csv", "xlsx"]


class Shelf(msgspec.Struct, frozen=True):
    """What is stored: live versions of all cards, the rules in force, and every version name that
    was ever used, with its hash."""

    cards: Sequence[CardRow]
    rules: Sequence[RuleRow]
    taken: dict[tuple[str, str], str]


class CardNews(msgspec.Struct, frozen=True):
    """A version in the file; `changes` against the version before it."""

    service: str
    version: str
    valid_from: date
    valid_to: date | None
    state: Literal["new", "unchanged"]
    zones: int
    changed: int = 0
    changes: list[Difference] = []


class RuleNews(msgspec.Struct, frozen=True):
    """A set of rules in the file."""

    kind: RuleKind
    number: int
    state: Literal["new", "unchanged"]


class NewCard(msgspec.Struct, frozen=True):
    """A version to be written."""

    service: str
    version: str
    valid_from: date
    valid_to: date | None
    document: str
    sha256: str


class NewRule(msgspec.Struct, frozen=True):
    """A set of rules to be written."""

    kind: RuleKind
    number: int
    document: str
    sha256: str


class Plan(msgspec.Struct, frozen=True):
    """What an import changes, and what it tells."""

    cards: list[NewCard]
    rules: list[NewRule]
    card_news: list[CardNews]
    rule_news: list[RuleNews]
    warnings: list[FieldError]


def plan_file(document: Any, shelf: Shelf) -> Plan:
    """A parsed card file (as the demo's; other keys are left alone) against what is stored.

    Raises Invalid with all errors of one stage: form first, then `cards_invalid`.
    """
    if not isinstance(document, dict):
        raise Invalid("not a card file", errors=[FieldError("", "wrong_type", "an object")])
    errors = list(_fractions(document, ""))
    if errors:
        raise Invalid("the card file has errors", errors=errors)
    kept = {row.kind: json.loads(row.document) for row in shelf.rules}
    shared: dict[str, Any] = {kind: document.get(kind, kept.get(kind)) for kind in RULE_KINDS}
    stored = [json.loads(row.document) for row in shelf.cards]
    given = document.get("services", [] if stored else None)
    form = {name: value for name, value in shared.items() if value is not None}
    form["services"] = given if given else stored or given
    _check_form(form)
    services = given or []
    fresh, news = _sorted_out(services, shelf)
    found = _misfits(services, fresh, form, shelf)
    if found:
        raise Invalid("the cards do not hold together", code="cards_invalid", errors=found)
    made = _rules(document, shelf)
    return Plan(
        cards=[_new_card(services[index]) for index in fresh],
        rules=[new for new, _ in made if new is not None],
        card_news=news,
        rule_news=[told for _, told in made],
        warnings=_warnings(services, fresh, form),
    )


def plan_table(raw: bytes, shelf: Shelf, *, version: str, valid_from: date) -> Plan:
    """A price table (CSV or XLSX) as the next version of the cards that it names.

    Raises Unparsable, TooLarge, or Invalid with all errors, each at its line.
    """
    services = rules.in_sequence([_service(row) for row in shelf.cards])
    document: dict[str, Any] = {row.kind: json.loads(row.document) for row in shelf.rules}
    document["services"] = [
        _ended(row, service) for row, service in zip(shelf.cards, services, strict=True)
    ]
    taken = {name for name, used in shelf.taken if used == version}
    lines = sheet_lines(raw)
    errors = [
        FieldError(f"line {number}", "version_taken", f"{row['service']} has a {version} already")
        for number, row in lines
        if row.get("service") in taken
    ]
    if errors:
        raise Invalid("the table has errors", errors=errors)
    changed, _ = next_versions(document, lines, version=version, valid_from=valid_from)
    return plan_file({"services": changed["services"][len(services) :]}, shelf)


def _ended(row: CardRow, service: Service) -> dict[str, Any]:
    """A stored card as its file has it, with the last day that its follower leaves it."""
    last = service.rate.valid_to
    one: dict[str, Any] = json.loads(row.document)
    one["rate"]["valid_to"] = None if last is None else last.isoformat()
    return one


def _service(row: CardRow) -> Service:
    return msgspec.json.decode(row.document, type=Service)


def _fractions(value: Any, path: str) -> Iterable[FieldError]:
    """Amounts, weights and rates are whole numbers; 1.0 is refused as well."""
    if isinstance(value, float):
        yield FieldError(path, "wrong_type", "a number with a fraction or an exponent")
    elif isinstance(value, dict):
        for key, item in value.items():
            if path or key == "services" or key in RULE_KINDS:
                yield from _fractions(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _fractions(item, f"{path}[{index}]")


def _check_form(form: dict[str, Any]) -> None:
    """Raises Invalid with every error of form, in cards and in all rules."""
    errors = _faults(form, CardFile, "")
    errors += _faults(form.get("calendars", {}), dict[str, WorkingDays], "calendars.")
    if "storage" in form:
        faults = _faults(form["storage"], StorageRules, "storage.")
        errors += faults or storage_findings(convert(form["storage"], StorageRules))
    if errors:
        raise Invalid("the card file has errors", errors=errors)


def _faults(value: Any, kind: Any, under: str) -> list[FieldError]:
    try:
        convert(value, kind)
    except Invalid as refusal:
        return [msgspec.structs.replace(e, path=f"{under}{e.path}") for e in refusal.errors]
    return []


def _sorted_out(services: list[Any], shelf: Shelf) -> tuple[list[int], list[CardNews]]:
    """Which services of the file are new versions (by index), and what to tell of each.

    Raises Invalid (`cards_invalid`) for versions that are stored with other content.
    """
    errors, fresh, news = [], [], []
    seen: set[tuple[str, str]] = set()
    for index, one in enumerate(services):
        new = _new_card(one)
        key = (new.service, new.version)
        known = shelf.taken.get(key)
        place = f"services[{index}].rate.version"
        errors += [
            FieldError(f"services[{index}].{where}", "bad_value", "a name is printable characters")
            for where, name in (("id", new.service), ("rate.version", new.version))
            if not name.isprintable()
        ]
        if key in seen:
            errors.append(FieldError(place, "overlap", f"{key[0]} {key[1]} stands twice"))
        elif known is not None and known != new.sha256:
            text = f"{key[0]} has a version {key[1]} with other content"
            errors.append(FieldError(place, "version_taken", text))
        seen.add(key)
        if known is None:
            fresh.append(index)
        news.append(_news(one, new, shelf, known is not None))
    if errors:
        raise Invalid("versions are in use", code="cards_invalid", errors=errors)
    return fresh, news


def _news(one: dict[str, Any], new: NewCard, shelf: Shelf, known: bool) -> CardNews:
    before = [row for row in shelf.cards if row.service == new.service]
    changes = [] if known or not before else differences(json.loads(before[-1].document), one)
    return CardNews(
        service=new.service,
        version=new.version,
        valid_from=new.valid_from,
        valid_to=new.valid_to,
        state="unchanged" if known else "new",
        zones=len(one["rate"]["price"]),
        changed=len(changes),
        changes=changes[:50],
    )


def _new_card(one: dict[str, Any]) -> NewCard:
    service = msgspec.convert(one, Service)
    text = rules.canonical(one)
    card = service.rate
    return NewCard(
        service.id, card.version, card.valid_from, card.valid_to, text, rules.sha256_of(text)
    )


def _misfits(
    services: list[Any], fresh: list[int], form: dict[str, Any], shelf: Shelf
) -> list[FieldError]:
    """Findings over the stored versions and the new ones together, at their places in the file."""
    new = [msgspec.convert(services[index], Service) for index in fresh]
    places = [f"stored {row.service} {row.version}" for row in shelf.cards]
    places += [f"services[{index}]" for index in fresh]
    together = rules.in_sequence([*map(_service, shelf.cards), *new])
    if not together:
        return []
    whole = msgspec.convert({**form, "services": []}, _Rules)
    file = msgspec.structs.replace(whole, services=together)
    found = findings(file)
    return [_at_home(error, places) for error in found]


def _at_home(error: FieldError, places: Sequence[str]) -> FieldError:
    """The error at its place in the file. Of two versions that meet, the file's is the one to be
    mended, whichever was named first."""
    path, message = _placed(error.path, places), _placed(error.message, places)
    other = _MET.search(message)
    if path.startswith("stored ") and path.endswith(".rate.valid_from") and other:
        rate = path.removesuffix(".valid_from")
        message = message.replace(other[0], f"{rate} is")
        path = f"{other[1]}.valid_from"
    return FieldError(path, error.code, message)


class _Rules(CardFile, frozen=True):
    """A card file that may have no services."""

    services: list[Service]


def _placed(text: str, places: Sequence[str]) -> str:
    """`services[n]` of the checked file as the place that it came from."""
    head, mark, rest = text.partition("services[")
    number, closed, tail = rest.partition("]")
    if not mark or not closed or not number.isdigit():
        return text
    return f"{head}{places[int(number)]}{_placed(tail, places)}"


def _warnings(services: list[Any], fresh: list[int], form: dict[str, Any]) -> list[FieldError]:
    if not fresh:
        return []
    whole = msgspec.convert({**form, "services": []}, _Rules)
    new = [msgspec.convert(services[index], Service) for index in fresh]
    places = [f"services[{index}]" for index in fresh]
    told = warnings(msgspec.structs.replace(whole, services=new))
    return [msgspec.structs.replace(w, path=_placed(w.path, places)) for w in told]


def _rules(document: dict[str, Any], shelf: Shelf) -> list[tuple[NewRule | None, RuleNews]]:
    """The sets of rules in the file: the new ones to be written, and what to tell of all."""
    known = {row.kind: (row.number, row.sha256) for row in shelf.rules}
    made: list[tuple[NewRule | None, RuleNews]] = []
    for kind in RULE_KINDS:
        if kind not in document:
            continue
        text = rules.canonical(document[kind])
        sha256 = rules.sha256_of(text)
        number, stored = known.get(kind, (0, ""))
        if stored == sha256:
            made.append((None, RuleNews(kind, number, "unchanged")))
        else:
            new = NewRule(kind, number + 1, text, sha256)
            made.append((new, RuleNews(kind, number + 1, "new")))
    return made
