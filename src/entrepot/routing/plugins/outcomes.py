"""What came of asking a rule about one order, as the decision record keeps it."""

from typing import Literal

import msgspec

from entrepot.routing.plugins.contract import Charge, Mask

Failure = Literal[
    "load_failed",
    "too_slow",
    "cpu_limit",
    "out_of_memory",
    "crashed",
    "raised",
    "nonsense",
    "too_large",
    "given_up",
]
"""Why a rule had no say: it could not be loaded, passed its deadline or its CPU seconds, asked
for too much memory, died, raised, answered what makes no sense or too much of it, or had failed
so often before that it was not asked again."""


class RuleOutcome(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A rule's say on one order. `failure` set: it had none, and `detail` says what was seen.

    `sealed`: the child could open nothing while it judged (else only the resource limits held).
    """

    rule: str
    package: str
    package_version: str
    version: str = ""
    owner: str = ""
    inputs: tuple[str, ...] = ()
    sealed: bool = False
    failure: Failure | None = None
    detail: str = ""
    masks: tuple[Mask, ...] = ()
    charges: tuple[Charge, ...] = ()
