"""What the pages' style and scripts weigh, how they are served, and what they may not do."""

import re
from pathlib import Path

import pytest

from entrepot.web import answers, build_assets
from entrepot.web.assets import PREFIX, STATIC, Assets
from tests.web.page_house import PageHouse

MOST_BYTES = 110_000
"""The page contract allows 150 kB; this is what we hold ourselves to."""

LOADS = re.compile(r"(?:url\(|from\s*|import\(|src=|href=)[\"']?(https?://[^\"')\s]+)")
TEMPLATES = sorted((Path(answers.__file__).parent / "templates").rglob("*.html"))


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets()


def first_page(assets: Assets) -> list[str]:
    """Everything that the heaviest first page (the scan station) loads before it works."""
    urls = {assets.script("theme"), assets.icons, *assets.styles("page")}
    for name in ("page", "scan"):
        urls |= {assets.script(name), *assets.preloads(name)}
    return sorted(url.removeprefix(PREFIX) for url in urls)


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_the_first_page_is_light(assets: Assets, encoding: str) -> None:
    weights = {name: len(assets.files[name].bodies[encoding]) for name in first_page(assets)}
    total = sum(weights.values())
    print(f"first page, {encoding}: {total} bytes {weights}")
    assert total <= MOST_BYTES


def test_the_decoder_of_the_camera_comes_only_when_it_is_asked_for(assets: Assets) -> None:
    first = first_page(assets)
    assert not [name for name in first if name.startswith(("camera", "zxing"))]
    assert [name for name in assets.files if name.endswith(".wasm")]


def test_nothing_that_is_built_names_another_host() -> None:
    known = {"http://www.w3.org/"}
    for path in STATIC.iterdir():
        if path.suffix not in (".js", ".css", ".svg"):
            continue
        text = path.read_text()
        loads = re.findall(
            r"(?:url\(|from\s*|import\(|src=|href=)[\"']?(https?://[^\"')\s]+)", text
        )
        assert not [url for url in loads if not url.startswith(tuple(known))], path.name


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_hold_no_inline_script_or_style(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), "an inline script"
    assert not re.search(r"\sstyle\s*=|<style", text), "an inline style"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "an inline handler"
    assert "http://" not in text.replace("http://{HOST}", "")
    assert "https://" not in text


async def test_files_are_served_compressed_and_for_a_year(house: PageHouse, assets: Assets) -> None:
    client = house.browser().client
    url = assets.styles("page")[0]
    plain = await client.get(url, headers={"accept-encoding": "identity"})
    packed = await client.get(url, headers={"accept-encoding": "br;q=0, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text
    assert "immutable" in packed.headers["cache-control"]
    assert packed.headers["vary"] == "accept-encoding"
    again = await client.get(url, headers={"if-none-match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for name in ("manifest.json", ".built-from", "nothing.css", "..%2fcsrf.py"):
        assert (await client.get(f"{PREFIX}{name}")).status_code == 404


async def test_every_page_forbids_foreign_and_inline_code(house: PageHouse) -> None:
    owner = await house.worker("owner")
    for path in ("/admin", "/staff/unclaimed", "/log-in", "/nothing"):
        policy = (await owner.get(path)).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "'unsafe-eval'" not in policy
        assert "frame-ancestors 'none'" in policy


def test_building_again_without_changes_does_nothing() -> None:
    assert build_assets.build() is False
