"""The reader's language: which one, and numbers, times, weights and words in it."""

import gettext
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton, format_timedelta
from babel.numbers import format_currency, format_decimal

from entrepot.kernel.amounts import minor_digits

LOCALES = Path(__file__).parent / "locales"
DOMAIN = "entrepot"

LANGUAGES = {"en": "English", "zh-CN": "简体中文", "zh-TW": "繁體中文"}
"""Language tags we speak, with their own names."""

_TRADITIONAL = frozenset({"tw", "hk", "mo", "hant"})


DAY_ENDS = time(23, 59, 59)
"""What a form makes of a day until whose end something is expected."""


def speak(tag: str | None) -> str | None:
    """Our language for a tag like `zh-Hant-HK` or `en_GB`, or None when we have none."""
    parts = (tag or "").replace("_", "-").lower().split("-")
    if parts[0] == "zh":
        return "zh-TW" if _TRADITIONAL & set(parts[1:]) else "zh-CN"
    return "en" if parts[0] == "en" else None


def from_accept(header: str) -> str | None:
    """The best of our languages for an Accept-Language header (RFC 9110, 12.5.4), or None."""
    wishes: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.split(",")[:20]):
        tag, _, quality = part.strip().partition(";q=")
        try:
            wishes.append((-float(quality or 1), place, tag.strip()))
        except ValueError:
            continue
    spoken = (speak(tag) for rank, _, tag in sorted(wishes) if rank < 0)
    return next((tag for tag in spoken if tag), None)


def choose(*, asked: str | None, cookie: str | None, person: str | None, accept: str) -> str:
    """The page's language: asked for now, remembered, the person's own, the browser's, English."""
    return speak(asked) or speak(cookie) or speak(person) or from_accept(accept) or "en"


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations of a language; English is the language of the templates themselves."""
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALES, [language.replace("-", "_")])


@cache
def babel_locale(language: str) -> Locale:
    """Babel's locale of one of our languages."""
    return Locale.parse({"zh-CN": "zh_Hans_CN", "zh-TW": "zh_Hant_TW"}.get(language, language))


def offset_of(at: datetime, zone: str) -> str:
    """The zone's distance from UTC at that instant: `UTC+8`, `UTC-3:30`, `UTC`."""
    offset = at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}{f':{rest:02d}' if rest else ''}"


def show_time(at: datetime, zone: str, language: str) -> str:
    """Date and time of day in a place's zone, the zone said: `Nov 22, 2026, 10:42 UTC+8`."""
    locale = babel_locale(language)
    # The 24-hour clock everywhere: hand-held screens are read at a glance.
    day = format_skeleton("yMMMd", at, tzinfo=ZoneInfo(zone), locale=locale)
    return f"{day} {show_clock(at, zone, language)} {offset_of(at, zone)}"


def show_due(at: datetime, zones: Sequence[str], language: str) -> str:
    """When something is expected: the day alone where a day was typed, which ends somewhere with
    `DAY_ENDS`; else day and time in the first of the zones."""
    for zone in zones:
        there = at.astimezone(ZoneInfo(zone))
        if there.time() == DAY_ENDS:
            return show_date(there.date(), language)
    return show_time(at, zones[0], language)


def show_clock(at: datetime, zone: str, language: str) -> str:
    """The time of day alone: `10:42`."""
    return format_skeleton("Hm", at, tzinfo=ZoneInfo(zone), locale=babel_locale(language))


def show_day(day: date, language: str) -> str:
    """A day without its year, with its weekday: `Tue, Nov 24`."""
    return format_skeleton("MMMEd", day, locale=babel_locale(language))


def show_date(day: date, language: str) -> str:
    """A day with its year: `Nov 22, 2026`."""
    return format_skeleton("yMMMd", day, locale=babel_locale(language))


def show_age(span: timedelta, language: str) -> str:
    """How long something lasts already, in its largest unit: `3 days`."""
    return format_timedelta(span, locale=babel_locale(language), threshold=1.2)


def show_number(value: int, language: str) -> str:
    """A whole number with the language's grouping."""
    return format_decimal(value, locale=babel_locale(language))


def show_weight(weight_g: int, language: str) -> str:
    """Grams as people say them: `850 g`, `1.25 kg`."""
    locale = babel_locale(language)
    if weight_g < 1000:
        return f"{format_decimal(weight_g, locale=locale)} g"
    return f"{format_decimal(weight_g / 1000, '#,##0.###', locale=locale)} kg"


def show_money(amount_minor: int, currency: str, language: str) -> str:
    """An amount in minor units as the language writes it: `CN¥159.00`."""
    amount = Decimal(amount_minor).scaleb(-minor_digits(currency))
    return format_currency(amount, currency, locale=babel_locale(language))


def show_length(length_mm: int, language: str) -> str:
    """Millimetres as centimetres, without unit: `32.5`."""
    return format_decimal(length_mm / 10, "#,##0.#", locale=babel_locale(language))
