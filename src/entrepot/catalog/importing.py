"""What a set of wanted SKUs would do: create, change, leave; and everything wrong at once."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from entrepot.catalog import queries, rules
from entrepot.catalog.types import Change, ImportedSkus, NewSku, Sku
from entrepot.kernel.attributes import Attribute
from entrepot.kernel.refusals import FieldError
from entrepot.platform.database import ReadTx


class Wanted(msgspec.Struct, frozen=True):
    """A SKU as it shall be. `path` is where the request says it (`rows[7]`, or nothing)."""

    sku: NewSku
    path: str = ""
    line: int = 0

    def at(self, error: FieldError) -> FieldError:
        """The error with its whole path."""
        path = f"{self.path}.{error.path}" if self.path else error.path
        return FieldError(path, error.code, error.message)


class Planned(msgspec.Struct, frozen=True):
    """A wanted SKU in canonical form beside what there is now."""

    wanted: Wanted
    before: Sku | None
    fields: list[str]


class Plan(msgspec.Struct, frozen=True):
    """What would happen. With `errors` nothing does."""

    create: list[Planned]
    change: list[Planned]
    unchanged: int
    errors: list[FieldError]

    @property
    def counts(self) -> ImportedSkus:
        """How many of each."""
        return ImportedSkus(len(self.create), len(self.change), self.unchanged)

    @property
    def changes(self) -> list[Change]:
        """Each row that does something, by line."""
        both = [(one, "create") for one in self.create] + [(one, "change") for one in self.change]
        both.sort(key=lambda pair: pair[0].wanted.line)
        return [
            msgspec.convert(
                {"line": p.wanted.line, "sku": p.wanted.sku.code, "does": does, "fields": p.fields},
                Change,
            )
            for p, does in both
        ]


async def plan_skus(
    tx: ReadTx, *, wanted: Sequence[Wanted], current: dict[str, Sku], definitions: list[Attribute]
) -> Plan:
    """Compare with what there is; `current` holds those of the wanted codes that exist."""
    errors = _own_faults(wanted, definitions)
    errors += _double_codes(wanted)
    if errors:
        return Plan([], [], 0, errors)
    canonical = [msgspec.structs.replace(one, sku=rules.canonical(one.sku)) for one in wanted]
    plan = _compare(canonical, current)
    touched = [*plan.create, *plan.change]
    errors += [
        one.wanted.at(FieldError("base_unit", "fixed", "the base unit of a SKU never changes"))
        for one in plan.change
        if "base_unit" in one.fields
    ]
    errors += await _alias_faults(tx, touched)
    errors += await _part_faults(tx, touched)
    errors += await _closing_faults(tx, touched)
    return msgspec.structs.replace(plan, errors=errors)


def _own_faults(wanted: Iterable[Wanted], definitions: list[Attribute]) -> list[FieldError]:
    return [one.at(error) for one in wanted for error in rules.faults(one.sku, definitions)]


def _double_codes(wanted: Sequence[Wanted]) -> list[FieldError]:
    counted = Counter(one.sku.code for one in wanted)
    return [
        one.at(FieldError("code", "double", f"SKU {one.sku.code} stands here more than once"))
        for one in wanted
        if counted[one.sku.code] > 1
    ]


def _compare(wanted: Sequence[Wanted], current: dict[str, Sku]) -> Plan:
    create: list[Planned] = []
    change: list[Planned] = []
    for one in wanted:
        before = current.get(one.sku.code)
        if before is None:
            create.append(Planned(one, None, []))
            continue
        fields = rules.differing(rules.canonical(rules.document_of(before)), one.sku)
        if fields:
            change.append(Planned(one, before, fields))
    return Plan(create, change, len(wanted) - len(create) - len(change), [])


async def _alias_faults(tx: ReadTx, planned: Sequence[Planned]) -> list[FieldError]:
    """Codes that two of the rows claim, or that stand for another SKU already."""
    claims = [(one.wanted, alias) for one in planned for alias in rules.aliases_of(one.wanted.sku)]
    counted = Counter(alias.key for _, alias in claims)
    codes = [one.wanted.sku.code for one in planned]
    taken = await queries.list_taken(tx, keys=list(counted), rewritten=codes)
    owner = {(one.kind, one.supplier, one.code): one.sku for one in taken}
    errors = []
    for wanted, alias in claims:
        if alias.key in owner:
            message = f"{alias.code} stands for SKU {owner[alias.key]} already"
            errors.append(wanted.at(FieldError(alias.path, "taken", message)))
        elif counted[alias.key] > 1:
            message = f"{alias.code} stands here for two SKUs"
            errors.append(wanted.at(FieldError(alias.path, "double", message)))
    return errors


async def _part_faults(tx: ReadTx, planned: Sequence[Planned]) -> list[FieldError]:
    here = {one.wanted.sku.code: one.wanted.sku.closed for one in planned}
    named = {part.sku for one in planned for part in one.wanted.sku.parts} - here.keys()
    known = await queries.ids_of(tx, codes=named)
    closed = here | {code: one.closed for code, one in known.items()}
    errors = []
    for one in planned:
        for place, part in enumerate(one.wanted.sku.parts):
            path = f"parts[{place}].sku"
            if part.sku not in closed:
                error = FieldError(path, "unknown_sku", f"there is no SKU {part.sku}")
                errors.append(one.wanted.at(error))
            elif closed[part.sku] and not one.wanted.sku.closed:
                error = FieldError(path, "closed_sku", f"SKU {part.sku} is closed")
                errors.append(one.wanted.at(error))
    return errors


async def _closing_faults(tx: ReadTx, planned: Sequence[Planned]) -> list[FieldError]:
    closing = [one for one in planned if one.wanted.sku.closed and "closed" in one.fields]
    codes = [one.wanted.sku.code for one in closing]
    kits = await queries.list_kits_of(tx, codes=codes) if codes else []
    if not kits:
        return []
    message = f"still in kits: {', '.join(kits)}"
    return [one.wanted.at(FieldError("closed", "in_kit", message)) for one in closing]
