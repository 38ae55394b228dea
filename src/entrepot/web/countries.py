"""Countries by their names in the reader's language (Unicode CLDR, as Babel brings it)."""

from collections.abc import Sequence

from entrepot.web import languages
from entrepot.web.visits import Visit


def countries(visit: Visit, codes: Sequence[str]) -> list[tuple[str, str]]:
    """Countries by name in the reader's language, ready for a choice."""
    known = languages.babel_locale(visit.language).territories
    found = sorted(((code, known.get(code, code)) for code in codes), key=lambda item: item[1])
    return [("", visit.say("Choose")), *found]


def country_name(visit: Visit, code: str) -> str:
    """A country in the reader's language."""
    return str(languages.babel_locale(visit.language).territories.get(code, code))
