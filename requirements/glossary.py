"""Renders `glossary.tsv` as `docs/GLOSSARY.md`: `python -m requirements.glossary`."""

import csv
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "docs" / "GLOSSARY.md"


def render() -> str:
    """The whole page."""
    with (HERE / "glossary.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    lines = [
        "# Words of the trade",
        "",
        "Made from `requirements/glossary.tsv` by `python -m requirements.glossary`.",
        "",
        "| key | English | 简体中文 | 繁體中文 | note |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (row["key"], row["en"], row["zh-CN"], row["zh-TW"], row["note"] or "")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
