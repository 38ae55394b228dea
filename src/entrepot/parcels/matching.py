"""Whose parcel is it? The rule by which evidence becomes an owner, or stays doubt.

1. Every piece of evidence names customers: a pre-alert or an order with this number, another
   piece of the same waybill, a suite code on the label, a phone tail together with the name.
2. Each kind of evidence is a set of customers. The parcel is somebody's for sure when the sets,
   taken together, leave exactly one customer in common. Two kinds that disagree, or one kind
   that names two customers and nothing to tell them apart, is doubt: the unclaimed queue.
3. Weak evidence (a suite code after letters were read as digits, a phone tail without a name or
   with a name one character off) never names an owner alone. A repaired code has to agree with
   strong evidence or with the phone tail; a weak phone tail is not asked when there is strong
   evidence.

The database decides inside the one statement of a scan (`parties.label_evidence_v1`,
`parcels.decide_v1`); this is the same rule in Python, and a test holds the two together. Pure.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Literal
from uuid import UUID

import msgspec

from entrepot.parcels.types import Certainty, Label, MatchedBy
from entrepot.parties.persons import (
    name_key,
    one_apart,
    phone_digits,
    phone_tail,
    same_phone_end,
)
from entrepot.parties.suite_codes import compact_suite_code, find_suite_codes, is_suite_code

Kind = Literal[
    "pre_alert", "order", "sibling", "suite_code", "phone_tail", "suite_repaired", "tail_only"
]
STRONG: tuple[Kind, ...] = ("pre_alert", "sibling", "suite_code", "phone_tail")
WEAK: tuple[Kind, ...] = ("suite_repaired", "tail_only")
_BY: dict[str, MatchedBy] = {
    "pre_alert": "pre_alert", "order": "order", "suite_code": "suite_code",
    "phone_tail": "phone_tail", "suite_repaired": "suite_code", "tail_only": "phone_tail",
}  # fmt: skip
_CODE_IN_NAME = re.compile(r"[A-Za-z]{0,4}[-_]?[0-9][0-9Xx\s_-]*")


class LabelEvidence(msgspec.Struct, frozen=True):
    """What a label says, ready to be compared: compact codes, phone digits, name key."""

    codes: list[str] = []
    repaired: list[str] = []
    phone_digits: str = ""
    name_key: str = ""


class KnownCustomer(msgspec.Struct, frozen=True):
    """A customer as the matching sees them."""

    customer_id: UUID
    suite_compact: str
    phone_digits: str
    name_key: str


class Evidence(msgspec.Struct, frozen=True):
    """One piece of evidence: this kind names this customer."""

    kind: Kind
    customer_id: UUID


class Decision(msgspec.Struct, frozen=True):
    """The outcome. `customer_id` is set exactly when `certainty` is `sure`."""

    by: MatchedBy
    certainty: Certainty
    candidates: int
    customer_id: UUID | None


def read_label(label: Label | None) -> LabelEvidence:
    """Everything on a label that can name a customer. A code given by hand counts as written."""
    if label is None:
        return LabelEvidence()
    found = find_suite_codes(" \n ".join(part for part in (label.text, label.recipient) if part))
    codes, repaired = list(found.exact), list(found.repaired)
    if label.suite_code:
        typed = find_suite_codes(label.suite_code)
        if is_suite_code(label.suite_code):
            codes.append(compact_suite_code(label.suite_code))
        repaired.extend(typed.repaired)
    return LabelEvidence(
        sorted(set(codes)),
        sorted(set(repaired) - set(codes)),
        phone_digits(label.phone or ""),
        name_key(_without_codes(label.recipient or "")),
    )


def _without_codes(recipient: str) -> str:
    """The name alone: shoppers write their code behind it (`Marisol QG104472-7`)."""
    return _CODE_IN_NAME.sub(" ", unicodedata.normalize("NFKC", recipient))


def label_evidence(label: LabelEvidence, customers: Sequence[KnownCustomer]) -> list[Evidence]:
    """What a label says about the customers of a tenant."""
    found = [
        Evidence("suite_code", c.customer_id) for c in customers if c.suite_compact in label.codes
    ]
    found += [
        Evidence("suite_repaired", c.customer_id)
        for c in customers
        if c.suite_compact in label.repaired
    ]
    if not label.phone_digits:
        return found
    near = [c for c in customers if _near(label, c)]
    strong = any(_same_person(label, c) for c in near)
    kind: Kind = "phone_tail" if strong else "tail_only"
    return found + [Evidence(kind, c.customer_id) for c in near]


def _same_person(label: LabelEvidence, customer: KnownCustomer) -> bool:
    return (
        label.name_key != ""
        and customer.name_key == label.name_key
        and same_phone_end(customer.phone_digits, label.phone_digits)
    )


def _near(label: LabelEvidence, customer: KnownCustomer) -> bool:
    """Same phone tail and nearly the name, or same name and nearly the tail."""
    known, shown = phone_tail(customer.phone_digits), phone_tail(label.phone_digits)
    if len(known) < 4:
        return False
    if not label.name_key:
        return known == shown
    if known == shown:
        return one_apart(customer.name_key, label.name_key)
    return customer.name_key == label.name_key and one_apart(known, shown)


def decide(evidence: Collection[Evidence]) -> Decision:
    """The owner by the rule above. `by` names the strongest kind that decided or is in doubt.

    A `sibling` stands for whatever its own owner was found by; callers replace it.
    """
    sets: dict[Kind, set[UUID]] = {}
    for piece in evidence:
        kind: Kind = "pre_alert" if piece.kind == "order" else piece.kind
        sets.setdefault(kind, set()).add(piece.customer_id)
    strong = [kind for kind in STRONG if kind in sets]
    weak = [kind for kind in WEAK if kind in sets]
    if not strong and not weak:
        return Decision("none", "none", 0, None)
    asked = strong + [kind for kind in weak if kind == "suite_repaired"] if strong else weak
    common = set.intersection(*(sets[kind] for kind in asked))
    if len(common) == 1 and (strong or len(asked) == 2):
        winner = next(iter(common))
        decided = next((k for k in asked if sets[k] == common), asked[0])
        return Decision(_by(decided, winner, evidence), "sure", 1, winner)
    named = set().union(*(sets[kind] for kind in asked))
    return Decision(_by(asked[0], None, evidence), "ambiguous", len(named), None)


def _by(kind: str, winner: UUID | None, evidence: Collection[Evidence]) -> MatchedBy:
    """The word for a kind; `order` when no pre-alert but an order announced the parcel."""
    if kind == "sibling":
        return "pre_alert"
    if kind != "pre_alert":
        return _BY[kind]
    announced = {e.kind for e in evidence if winner is None or e.customer_id == winner}
    return "pre_alert" if "pre_alert" in announced else "order"
