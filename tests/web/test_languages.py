"""Every page in every language: nothing missing, the words of the trade, numbers and times."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from entrepot.parcels.types import Status
from entrepot.web import catalogues, languages, words
from entrepot.web.rendering import mask

GLOSSARY = Path(__file__).resolve().parents[2] / "requirements" / "glossary.tsv"
_HOLES = re.compile(r"%\(\w+\)s|\{\w+\}")


@pytest.mark.parametrize("language", catalogues.translated())
def test_no_text_lacks_its_translation(language: str) -> None:
    assert catalogues.gaps(language) == []


@pytest.mark.parametrize("language", catalogues.translated())
def test_catalogues_hold_nothing_that_no_page_says(language: str) -> None:
    said = {str(message.id) for message in catalogues.gather() if message.id}
    kept = {str(message.id) for message in catalogues.read(language) if message.id}
    assert kept - said == set()


@pytest.mark.parametrize("language", catalogues.translated())
def test_translations_keep_what_is_filled_in(language: str) -> None:
    for message in catalogues.read(language):
        if not message.id:
            continue
        source = message.id[-1] if isinstance(message.id, tuple) else message.id
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        for string in strings:
            assert set(_HOLES.findall(string)) == set(_HOLES.findall(source)), source


@pytest.mark.parametrize("language", catalogues.translated())
def test_a_missing_text_is_found(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    grown = catalogues.gather()
    grown.add("A sentence that nobody has translated")
    monkeypatch.setattr(catalogues, "gather", lambda: grown)
    assert catalogues.gaps(language) == ["A sentence that nobody has translated"]


def _glossary() -> dict[str, dict[str, str]]:
    lines = GLOSSARY.read_text(encoding="utf-8").splitlines()
    names = lines[0].split("\t")
    rows = (dict(zip(names, line.split("\t"), strict=False)) for line in lines[1:])
    return {row["key"]: row for row in rows}


@pytest.mark.parametrize(
    ("english", "key"),
    [
        ("Tracking number", "tracking_number"), ("Courier", "courier"), ("Pre-alert", "pre_alert"),
        ("Parcels", "parcel"), ("Customer", "customer"), ("Bin", "bin"),
        ("Storage zone", "zone_storage"),
        ("Inspection", "inspection"), ("Put-away", "put_away"), ("On hold", "held"),
        ("Battery inside", "battery_inside"), ("Battery packed with", "battery_packed_with"),
        ("Battery alone", "battery_alone"), ("Abandoned", "abandoned"), ("Destroyed", "destroy"),
        ("Hand-over", "hand_over"), ("Tenant", "tenant"), ("Problem", "exception_parcel"),
    ],
)  # fmt: skip
def test_pages_use_the_words_of_the_glossary(english: str, key: str) -> None:
    row = _glossary()[key]
    for language in catalogues.translated():
        said = languages.catalogue(language).gettext(english)
        wanted = re.split(r"[((]", row[language])[0]
        # A page may say a word's passive form (销毁 → 已销毁), never another word.
        assert wanted in said, (language, said, wanted)


def test_a_forwarder_never_reads_the_word_tenant() -> None:
    for message in catalogues.gather():
        text = str(message.id)
        if "tenant" not in text.lower():
            continue
        places = {place for place, _ in message.locations}
        operators_only = all("platform/" in place or place == "visits.py" for place in places)
        assert operators_only, (text, places)


def test_every_marked_code_has_words_in_every_language() -> None:
    for group in ("STATUS", "VERB", "TAG", "ROLE", "NODE_KIND", "BIN_CLASS", "COURIER"):
        for code, text in getattr(words, group).items():
            for language in ("zh-CN", "zh-TW"):
                said = languages.catalogue(language).gettext(text)
                assert said != text or re.fullmatch(r"[\w/ ]*[0-9A-Z]+[\w/ ]*", text), code


def test_every_status_and_event_of_a_parcel_has_words() -> None:
    assert set(words.STATUS) == set(get_args(Status))
    room = Path(words.__file__).parents[1] / "parcels"
    written = "".join(path.read_text() for path in sorted(room.glob("*.sql")))
    recorded = set(re.findall(r"record_v1\([^;]*?'([a-z]+)', p_at", written, re.S))
    assert {"announced", "received", "measured"} <= recorded
    assert recorded <= set(words.VERB)


@pytest.mark.parametrize(
    ("asked", "cookie", "person", "accept", "spoken"),
    [
        (None, None, None, "", "en"),
        (None, None, None, "fr,zh-Hant;q=0.9,en;q=0.8", "zh-TW"),
        (None, None, None, "en;q=0.1,zh;q=0.9", "zh-CN"),
        (None, None, None, "zh;q=0, en;q=nonsense", "en"),
        (None, None, "zh-TW", "en", "zh-TW"),
        (None, "en", "zh-TW", "zh", "en"),
        ("zh-HK", "en", "en", "en", "zh-TW"),
        ("xx", "zh-CN", "en", "en", "zh-CN"),
    ],
)
def test_the_language_is_the_one_asked_for_then_the_remembered(
    asked: str | None, cookie: str | None, person: str | None, accept: str, spoken: str
) -> None:
    chosen = languages.choose(asked=asked, cookie=cookie, person=person, accept=accept)
    assert chosen == spoken


def test_times_say_their_zone_and_weights_their_unit() -> None:
    at = datetime(2026, 11, 22, 2, 42, tzinfo=UTC)
    assert languages.show_time(at, "Asia/Shanghai", "en") == "Nov 22, 2026 10:42 UTC+8"
    assert languages.show_time(at, "Asia/Shanghai", "zh-CN") == "2026年11月22日 10:42 UTC+8"
    assert languages.offset_of(at, "America/St_Johns") == "UTC-3:30"
    assert languages.offset_of(at, "UTC") == "UTC"
    assert languages.show_weight(850, "en") == "850 g"
    assert languages.show_weight(1250, "zh-TW") == "1.25 kg"
    assert languages.show_money(15900, "CNY", "en") == "CN¥159.00"
    assert languages.show_money(500, "JPY", "en") == "¥500"


def test_masked_numbers_are_recognised_but_not_claimed_by() -> None:
    assert mask("SF0000000000142") == "SF•••••••••0142"
    assert mask("ABC12") == "•••••"
