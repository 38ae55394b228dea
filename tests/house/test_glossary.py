"""The glossary page is the one that its table makes."""

from requirements.glossary import TARGET, render


def test_glossary_page_is_fresh() -> None:
    assert TARGET.read_text(encoding="utf-8") == render()
