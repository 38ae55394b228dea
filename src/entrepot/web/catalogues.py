"""Catalogues of words: gathered from templates and code, compiled for use.

`python -m entrepot.web.catalogues` compiles every .po to .mo (set-up does this);
`python -m entrepot.web.catalogues gather` brings the .po files up to date with the sources,
keeping every translation and adding what is new with an empty one.
"""

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from entrepot.web.languages import DOMAIN, LANGUAGES, LOCALES

WEB = Path(__file__).parent
_METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
_OPTIONS = {"templates/**.html": {"newstyle_gettext": "true", "trimmed": "true"}}
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "say": None,
    "mark": None,
}
_HEADER = """# Words of Entrepot's pages.
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def translated() -> list[str]:
    """Languages with a catalogue: all but English, in which the texts are written."""
    return [language for language in LANGUAGES if language != "en"]


def path_of(language: str, suffix: str = ".po") -> Path:
    """Where a language's catalogue lies."""
    return LOCALES / language.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}{suffix}"


def gather() -> Catalog:
    """Every text that a template or a module of the pages shows, with where it stands."""
    found = Catalog(project="Entrepot", charset="utf-8", fuzzy=False)
    for file, _line, message, _comments, _context in extract_from_dir(
        WEB, _METHODS, _OPTIONS, keywords=_KEYWORDS, comment_tags=()
    ):
        if isinstance(message, tuple) or message.strip():
            found.add(message, locations=[(file, 0)])
    return found


def read(language: str) -> Catalog:
    """A language's catalogue as it is kept."""
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language.replace("-", "_"))


def update(language: str) -> None:
    """Bring a language's .po up to date; texts that nobody uses any more go."""
    path = path_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = read(language) if path.exists() else Catalog(locale=language.replace("-", "_"))
    kept.update(gather(), no_fuzzy_matching=True)
    kept.obsolete.clear()
    with path.open("wb") as file:
        # A header without dates: the file changes only when words do.
        file.write(_HEADER.format(language=language).encode())
        write_po(file, kept, width=100, sort_output=True, omit_header=True, include_lineno=False)


def compile_all() -> int:
    """Compile what changed since its last compilation; how many were compiled."""
    compiled = 0
    for language in translated():
        source, target = path_of(language), path_of(language, ".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with target.open("wb") as file:
            write_mo(file, read(language))
        compiled += 1
    return compiled


def gaps(language: str) -> list[str]:
    """Texts that have no translation in this language, or a catalogue that does not know them."""
    catalogue = read(language)
    missing = []
    for message in gather():
        if not message.id:
            continue
        kept = catalogue.get(message.id)
        words = kept.string if kept else ""
        parts = words if isinstance(words, tuple) else (words,)
        if not parts or not all(parts):
            missing.append(str(message.id))
    return missing


def main() -> int:
    """Gather when asked, then compile; 0 when all is done."""
    if "gather" in sys.argv[1:]:
        for language in translated():
            update(language)
    sys.stdout.write(f"page words: {compile_all()} compiled\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
