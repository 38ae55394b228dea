"""The catalogue of cartons and the rules of joining: one row locked first, so that two people
who change them at once take turns and neither's change is lost."""

from collections.abc import Sequence

import msgspec

from entrepot.consolidation.eligibility import Rules
from entrepot.consolidation.packing.types import CartonType
from entrepot.kernel.refusals import Conflict, FieldError, Invalid, NotFound
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "cartons.sql")
MOST = 200


def faults_of(carton: CartonType, at: str = "") -> list[FieldError]:
    """What is wrong with a carton; `at` stands before the names of its fields."""
    errors = []
    if carton.max_g <= carton.tare_g:
        errors.append(FieldError(f"{at}max_g", "out_of_range", "must be more than the tare"))
    if any(a > b for a, b in zip(carton.inner_mm, carton.outer_mm, strict=True)):
        text = "must fit into the outer size"
        errors.append(FieldError(f"{at}inner_mm", "out_of_range", text))
    return errors


def check_cartons(cartons: Sequence[CartonType]) -> None:
    """Raises Invalid when two cartons share a code, or one holds nothing."""
    codes = [carton.code for carton in cartons]
    errors = [
        FieldError(f"cartons[{place}].code", "double", "another carton has this code")
        for place, code in enumerate(codes)
        if code in codes[:place]
    ]
    for place, carton in enumerate(cartons):
        errors += faults_of(carton, f"cartons[{place}].")
    if errors:
        raise Invalid("the cartons cannot be used", errors=errors)


async def put_carton(tx: Tx, *, carton: CartonType) -> None:
    """Add a carton, or change the one of its code. Raises Invalid."""
    errors = faults_of(carton)
    await tx.value(SQL["lock_setting"])
    others = await tx.value(SQL["count_others"], code=carton.code)
    if isinstance(others, int) and others >= MOST:
        errors.append(FieldError("code", "too_many", f"there are {MOST} cartons already"))
    if errors:
        raise Invalid("the carton cannot be used", errors=errors)
    await tx.value(SQL["end_carton"], code=carton.code)
    await tx.execute(
        SQL["put_carton"],
        code=carton.code,
        inner_mm=list(carton.inner_mm),
        outer_mm=list(carton.outer_mm),
        tare_g=carton.tare_g,
        max_g=carton.max_g,
        cost_minor=carton.cost_minor,
    )


async def end_carton(tx: Tx, *, code: str) -> None:
    """Take a carton out of the catalogue: drafts are packed without it from their next look on.

    Raises NotFound (`unknown_carton`), Conflict (`last_carton`): something must be packed into.
    """
    await tx.value(SQL["lock_setting"])
    if await tx.value(SQL["count_others"], code=code) == 0:
        raise Conflict("the last carton stays", code="last_carton")
    if await tx.value(SQL["end_carton"], code=code) is None:
        raise NotFound("there is no such carton", code="unknown_carton")


async def change_rules(tx: Tx, *, rules: Rules) -> None:
    """Replace the rules of joining; the cartons stay."""
    await tx.value(SQL["lock_setting"])
    await tx.execute(SQL["change_rules"], rules=msgspec.json.encode(rules), now=tx.now)
