"""The first parcel in the browser: a worker scans on a phone, the shopper sees it arrive."""

import re
import time

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.looking import SHOTS
from tests.installation import Installation

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


async def enter(
    browser: Browser,
    installation: Installation,
    role: str,
    area: str,
    *,
    size: dict[str, int] = PHONE,
) -> Page:
    """A page of somebody who has just logged in, in a browser of their own."""
    login = installation.login("qinggang", role)
    context: BrowserContext = await browser.new_context(viewport=size, locale="en")  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(f"{installation.base_url}/t/qinggang/{area}?lang=en")
    await page.fill("input[name=email]", login["email"])
    await page.fill("input[name=password]", login["password"])
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(rf"/t/qinggang/{area}"))
    return page


async def wedge(page: Page, code: str) -> None:
    """A keyboard wedge: keys far faster than fingers, then Enter; nothing is focused."""
    await page.evaluate("document.activeElement && document.activeElement.blur()")
    await page.keyboard.type(code, delay=2)
    await page.keyboard.press("Enter")


@pytest.fixture
async def station(browser: Browser, installation: Installation) -> Page:
    page = await enter(browser, installation, "receiver", "staff")
    if "/warehouse" in page.url:
        await page.click("text=SZX1")
        await page.wait_for_url(re.compile(r"/staff$"))
    await page.wait_for_selector("[data-station]")
    return page


async def test_one_scan_travels_to_the_shoppers_page_without_reloading(
    browser: Browser, installation: Installation, station: Page
) -> None:
    portal = await enter(browser, installation, "customer", "portal")
    on_the_way = portal.locator("section, div").filter(has_text="75000000000142").last
    await expect(on_the_way).to_be_visible()
    await portal.evaluate("window.neverReloaded = true")
    counted = portal.locator("body")
    await expect(counted).to_contain_text(re.compile(r"9\s+arrived"), use_inner_text=True)
    began = time.monotonic()
    await wedge(station, "75000000000142")
    answer = station.locator("[data-answers]")
    await expect(answer).to_contain_text("Marisol Examplar", timeout=5000)
    await expect(answer).to_contain_text("QG104472-7")
    await expect(counted).to_contain_text(
        re.compile(r"10\s+arrived"), timeout=5000, use_inner_text=True
    )
    seconds = time.monotonic() - began
    first = portal.locator("#arrived .thing").first
    await expect(first).to_contain_text("75000000000142")
    assert seconds < 5, f"the shopper waited {seconds:.1f} s"
    assert await portal.evaluate("window.neverReloaded") is True
    SHOTS.mkdir(exist_ok=True)
    await station.screenshot(path=SHOTS / "station-after-scan.png")
    await portal.screenshot(path=SHOTS / "portal-after-scan.png")


async def test_a_pre_alerted_parcel_needs_no_typed_field(
    installation: Installation, station: Page
) -> None:
    """S1.12: nothing but the scan itself is entered."""
    await station.evaluate(
        "window.typed = 0; document.addEventListener('input', () => { window.typed += 1 }, true)"
    )
    await wedge(station, "7700000000142")
    await expect(station.locator("[data-answers]")).to_contain_text("Marisol", timeout=5000)
    assert await station.evaluate("window.typed") == 0


async def test_scanning_it_again_says_so_kindly(station: Page) -> None:
    await wedge(station, "SF0000000000142")
    await expect(station.locator("[data-answers]")).to_contain_text(
        re.compile("already", re.IGNORECASE), timeout=5000
    )


async def test_an_unknown_parcel_goes_to_the_queue_and_is_never_guessed(station: Page) -> None:
    await wedge(station, "SF5550001112223")
    answer = station.locator("[data-answers]")
    await expect(answer).to_contain_text("SF5550001112223", timeout=5000)
    await expect(answer).not_to_contain_text("QG1")
    await station.goto(station.url.replace("/staff", "/staff/unclaimed").split("?")[0])
    await expect(station.locator("body")).to_contain_text("2223")


async def test_the_same_code_within_two_seconds_is_one_scan(
    installation: Installation, station: Page
) -> None:
    sent: list[str] = []
    station.on("request", lambda r: sent.append(r.url) if r.url.endswith("/staff/scan") else None)
    await wedge(station, "SF5550001119999")
    await wedge(station, "SF5550001119999")
    await expect(station.locator("[data-answers]")).to_contain_text("SF5550001119999", timeout=5000)
    assert len(sent) == 1


@pytest.mark.parametrize("delay_ms", [20, 60, 120])
async def test_a_scanner_that_stutters_loses_no_character(station: Page, delay_ms: int) -> None:
    """A slow radio link: the code is whole or it is not sent; never its last half."""
    code = f"SF55500011{delay_ms:05}"
    await station.evaluate("document.activeElement && document.activeElement.blur()")
    await station.keyboard.type(code, delay=delay_ms)
    await station.keyboard.press("Enter")
    await expect(station.locator("[data-answers]")).to_contain_text(code, timeout=5000)


async def test_a_station_without_script_works_by_plain_forms(
    browser: Browser, installation: Installation
) -> None:
    login = installation.login("qinggang", "receiver")
    context = await browser.new_context(viewport=PHONE, java_script_enabled=False, locale="en")  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(f"{installation.base_url}/t/qinggang/staff")
    await page.fill("input[name=email]", login["email"])
    await page.fill("input[name=password]", login["password"])
    await page.locator("form button[type=submit]").last.click()
    await page.fill("input[name=code]", "SF5550001118888")
    await page.locator("[data-scan-form] button[type=submit]").click()
    await expect(page.locator("body")).to_contain_text("SF5550001118888")
    await context.close()


async def test_no_page_of_ours_talks_to_another_host(
    browser: Browser, installation: Installation
) -> None:
    page = await enter(browser, installation, "owner", "admin", size=DESK)
    foreign: list[str] = []
    errors: list[str] = []
    page.on(
        "request",
        lambda r: (
            foreign.append(r.url)
            if not r.url.startswith((installation.base_url, "data:", "blob:"))
            else None
        ),
    )
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    for place in ("admin", "admin/people", "admin/nodes", "admin/keys", "staff", "staff/unclaimed"):
        answer = await page.goto(f"{installation.base_url}/t/qinggang/{place}")
        assert answer is not None and answer.status == 200, place
    await page.goto(f"{installation.base_url}/developers/reference")
    await page.wait_for_timeout(500)
    assert foreign == []
    assert errors == []
