"""What a hand at the dock scanned or typed, as the lines that receiving and returning take."""

from entrepot.kernel.refusals import FieldError, Refusal
from entrepot.web.forms import Form, told_number
from entrepot.web.refusals import field_words
from entrepot.web.visits import Visit

_ACCEPTABLE = frozenset({"over_expected", "not_expected", "other_lot"})


def line_of(form: Form) -> dict[str, object]:
    """One line; serials stand one a line. Raises Invalid when the quantity is no number."""
    line: dict[str, object] = {**form.given("code", "lot", "expires_on", "status")}
    line |= form.whole("qty")
    serials = [text.strip() for text in form.raw.get("serials", "").splitlines() if text.strip()]
    if serials:
        line["serials"] = serials
    return line


def done_before(sku: str, units: str) -> tuple[str, int] | None:
    """What the last scan brought, as the address says it: the SKU, how many."""
    number = told_number(units, digits=10)
    return (sku[:40], number) if sku and number is not None else None


def faults_of(visit: Visit, refusal: Refusal | None) -> dict[str, str]:
    """Field of the form → what is wrong with it, in the reader's language; what the refusal says
    as a whole is not said again."""
    found: dict[str, str] = {}
    for error in refusal.errors if refusal else ():
        if refusal is not None and error.code != refusal.code:
            found.setdefault(field_of(error), field_words(visit, error))
    return found


def field_of(error: FieldError) -> str:
    """The field of the form that an error of a line is about."""
    return error.path.rpartition(".")[2]


def acceptable(visit: Visit, refusal: Refusal | None) -> bool:
    """Whether this reader may take the goods nevertheless."""
    return refusal is not None and refusal.code in _ACCEPTABLE and visit.allowed("stock:approve")


def focus_of(refusal: Refusal | None, *, otherwise: str = "code") -> str:
    """The field that the scanner writes into next."""
    for error in refusal.errors if refusal else ():
        if field_of(error) in ("lot", "expires_on", "serials"):
            return field_of(error)
    return otherwise
