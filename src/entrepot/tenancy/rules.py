"""What a slug, a host and a tenant's settings may be: pure checks."""

import re
from zoneinfo import available_timezones

from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.tenancy.types import Kind, TenantSettings

_SLUG = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]\Z")
_HOST = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
_RESERVED = frozenset({"admin", "api", "docs", "entrepot", "hooks", "static", "status", "www"})


def check_tenant(
    *, slug: str, kind: str, names: dict[str, str], settings: TenantSettings
) -> list[FieldError]:
    """Everything wrong with a tenant to be created, all at once; empty when it may be."""
    wrong = [
        _unless(
            _SLUG.match(slug) is not None and slug not in _RESERVED,
            "slug",
            "3 to 40 of a-z, 0-9 and hyphen, beginning with a letter, not reserved",
        ),
        _unless(kind in set(Kind), "kind", f"one of {', '.join(Kind)}"),
        _unless(
            bool(names) and all(k and v.strip() and len(v) <= 120 for k, v in names.items()),
            "name",
            "a name of 1 to 120 characters",
        ),
        _unless(_CURRENCY.match(settings.base_currency) is not None, "base_currency", "ISO 4217"),
        _unless(settings.zone in available_timezones(), "zone", "an IANA time zone"),
        _unless(
            bool(settings.languages) and all(_LANGUAGE.match(tag) for tag in settings.languages),
            "languages",
            "BCP 47 tags, the default first",
        ),
        _unless(settings.units in ("metric", "imperial"), "units", "metric or imperial"),
    ]
    return [error for error in wrong if error is not None]


def _unless(right: bool, path: str, rule: str) -> FieldError | None:
    return None if right else FieldError(path, "invalid", rule)


def checked_host(text: str) -> str:
    """A host name in lower case. Raises Invalid when it is none (or an address)."""
    host = text.strip().lower().rstrip(".")
    if _HOST.match(host) is None or re.fullmatch(r"[0-9.]+", host):
        raise Invalid("this is no host name", code="invalid_host", host=text[:80])
    return host
