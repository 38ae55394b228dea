"""Reading a `routing-policy/1`: every mistake at once, each with its JSON path."""

import hashlib
import json
from typing import Any, Final

import msgspec

from entrepot.kernel.reading import convert, parse
from entrepot.kernel.refusals import Invalid, TooLarge, Unparsable
from entrepot.routing.policy.checking import mistakes
from entrepot.routing.policy.document import Policy

MAX_BYTES: Final = 1024 * 1024


def read_policy(raw: bytes) -> Policy:
    """The policy in `raw`. Raises TooLarge, Unparsable, or Invalid with every mistake."""
    if len(raw) > MAX_BYTES:
        raise TooLarge("the policy is too large", limit_bytes=MAX_BYTES)
    try:
        policy = convert(_with_fractions(parse(raw), raw), Policy)
    except RecursionError:
        raise Unparsable("the policy is nested too deeply") from None
    except Invalid as invalid:
        raise Invalid(
            "the policy breaks the format", code="bad_policy", errors=invalid.errors
        ) from None
    check_policy(policy)
    return policy


def _with_fractions(document: Any, raw: bytes) -> Any:
    """The document with the problems of its tests as they stand: latitudes have fractions."""
    tests = document.get("tests") if isinstance(document, dict) else None
    if isinstance(tests, list):
        for test, plain in zip(tests, json.loads(raw)["tests"], strict=True):
            if isinstance(test, dict) and "problem" in test:
                test["problem"] = plain["problem"]
    return document


def check_policy(policy: Policy) -> None:
    """Refuse a well-typed policy that contradicts itself: Invalid with every mistake."""
    errors = list(mistakes(policy))
    if errors:
        raise Invalid("the policy contradicts itself", code="bad_policy", errors=errors)


def policy_bytes(policy: Policy) -> bytes:
    """The policy as canonical JSON."""
    return msgspec.json.encode(policy, order="deterministic")


def policy_hash(policy: Policy) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(policy_bytes(policy)).hexdigest()
