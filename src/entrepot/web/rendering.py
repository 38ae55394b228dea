"""Templates in the reader's language, with the words and numbers that they use."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from entrepot.parcels.types import Item
from entrepot.web import languages, price_words, words

TEMPLATES = Path(__file__).parent / "templates"


def mask(number: str) -> str:
    """A tracking number whose middle is hidden: enough to recognise, not enough to claim."""
    if len(number) <= 6:
        return "•" * len(number)
    return f"{number[:2]}{'•' * (len(number) - 6)}{number[-4:]}"


def _time_tag(language: str, at: datetime, zone: str) -> Markup:
    shown = languages.show_time(at, zone, language)
    return Markup('<time class="num" datetime="{}">{}</time>').format(at.isoformat(), shown)


def _due_tag(language: str, at: datetime, *zones: str | None) -> Markup:
    shown = languages.show_due(at, [zone for zone in zones if zone], language)
    return Markup('<time class="num" datetime="{}">{}</time>').format(at.isoformat(), shown)


def _size(language: str, parcel: object) -> str:
    sides = [getattr(parcel, f"{side}_mm") for side in ("length", "width", "height")]
    if any(side is None for side in sides):
        return ""
    shown = " × ".join(languages.show_length(side, language) for side in sides) + " cm"
    return shown.replace(" ", "\N{NO-BREAK SPACE}")


def _price(language: str, item: Item) -> str:
    return languages.show_money(item.unit_price_minor, item.currency, language)


def named(language: str, names: dict[str, str], otherwise: str) -> str:
    """A name kept in several languages, in the nearest one to the reader's."""
    near = [language, "zh-CN", "en"] if language == "zh-TW" else [language, "en", "zh-CN"]
    return next((names[tag] for tag in near if names.get(tag)), otherwise)


def _multiline(text: str) -> Markup:
    return Markup("<br>").join(escape(line) for line in text.splitlines())


@cache
def environment(language: str) -> Environment:
    """The templates of one language, compiled once."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    translations = languages.catalogue(language)
    made.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        words={name: getattr(words, name) for name in dir(words) if name.isupper()},
        price_words={
            name: getattr(price_words, name) for name in dir(price_words) if name.isupper()
        },
        languages=languages.LANGUAGES,
        language=language,
        now_age=lambda since, now: languages.show_age(now - since, language),
    )
    made.tests["goes_elsewhere"] = lambda reasons: any(
        reason.code == "country_not_served" for reason in reasons
    )
    made.filters.update(
        when=partial(_time_tag, language),
        due=partial(_due_tag, language),
        clock=lambda at, zone: languages.show_clock(at, zone, language),
        age=lambda span: languages.show_age(_span(span), language),
        number=lambda value: languages.show_number(value, language),
        weight=lambda value: languages.show_weight(value, language),
        price=partial(_price, language),
        size=partial(_size, language),
        money=lambda minor, currency: languages.show_money(minor, currency, language),
        day=lambda day: languages.show_day(day, language),
        date=lambda day: languages.show_date(day, language),
        named=lambda names, otherwise: named(language, names, otherwise),
        places=lambda nodes: [(one.code, named(language, one.names, one.code)) for one in nodes],
        spelled=partial(_spelled, translations.gettext),
        lines=_multiline,
        mask=mask,
        json=lambda value: msgspec.json.encode(value).decode(),
    )
    return made


def _spelled(
    say: Callable[[str], str], texts: Mapping[str, str], codes: Iterable[str] | None = None
) -> list[tuple[str, str]]:
    """Codes with what they are called in the reader's language: all, or these, as `options` takes
    them. A code that has no name is its own."""
    return [
        (code, say(texts[code]) if code in texts else code)
        for code in (texts if codes is None else codes)
    ]


def _span(value: timedelta | float) -> timedelta:
    return value if isinstance(value, timedelta) else timedelta(seconds=value)


def render(template: str, language: str, **context: object) -> str:
    """The template's text in a language; every name it uses must be given."""
    return environment(language).get_template(template).render(**context)
