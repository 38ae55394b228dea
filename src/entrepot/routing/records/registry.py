"""The rules there are, and when each last had a say: read from a folder of records."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from entrepot.routing.plugins.outcomes import RuleOutcome
from entrepot.routing.policy.applying import moment_of
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.sentences import sentence
from entrepot.routing.records.files import names_in, read_policy_of, read_record


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule. `source`: the policy's id or the package's name; `scope`: the rule in words, or
    what a package's rule reads. `orders`: how many it had a say on; `last`: when, of the decision.
    """

    rule: str
    source: str
    version: str
    owner: str
    scope: str
    failures: int = 0
    orders: int = 0
    last: str | None = None


def entries(folder: Path) -> list[Entry]:
    """Every rule of the policies and packages that decided these records, by source and name."""
    found: dict[tuple[str, str, str], Entry] = {}
    for name in names_in(folder):
        record = read_record(folder, name)
        policy = read_policy_of(folder, record, name)
        when = moment_of(record.rows).isoformat()
        said = set(record.outcome.rules) if record.outcome is not None else set()
        for entry in _policy_entries(policy):
            _count(found, entry, when, entry.rule in said, False)
        for outcome in record.rules:
            spoke = bool(outcome.masks or outcome.charges)
            _count(found, package_entry(outcome), when, spoke, outcome.failure is not None)
    return [found[key] for key in sorted(found)]


def _policy_entries(policy: Policy | None) -> Iterator[Entry]:
    if policy is not None:
        for rule in policy.rules:
            yield Entry(
                rule.id, policy.id, str(policy.version), rule.owner or policy.owner,
                sentence(rule, language="en"),
            )  # fmt: skip


def package_entry(outcome: RuleOutcome) -> Entry:
    """A package's rule, without its record."""
    return Entry(
        outcome.rule, outcome.package, outcome.package_version, outcome.owner,
        "reads " + (", ".join(outcome.inputs) or "the options alone"),
    )  # fmt: skip


def _count(
    found: dict[tuple[str, str, str], Entry], entry: Entry, when: str, spoke: bool, failed: bool
) -> None:
    key = entry.source, entry.version, entry.rule
    known = found.get(key, entry)
    last = max(known.last or when, when) if spoke else known.last
    found[key] = msgspec.structs.replace(
        known, orders=known.orders + spoke, failures=known.failures + failed, last=last
    )
