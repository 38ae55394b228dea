"""One click in the browser: parcels become a draft with its box and its prices; undo and choose."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.looking import SHOTS, THEMES, faults
from tests.installation import Installation

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
LOOKS = [("phone", PHONE, "en"), ("desk", DESK, "en"), ("phone", PHONE, "zh-CN"),
         ("desk", DESK, "zh-CN")]  # fmt: skip
BUTTON = {"en": "Consolidate all", "zh-CN": "一键合箱"}


async def shopper(
    browser: Browser, installation: Installation, size: dict[str, int], language: str, **how: Any
) -> Page:
    """Marisol's first page, in a browser of her own."""
    login = installation.login("qinggang", "customer")
    context = await browser.new_context(viewport=size, locale=language, **how)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(f"{installation.base_url}/t/qinggang/portal?lang={language}")
    await page.fill("input[name=email]", login["email"])
    await page.fill("input[name=password]", login["password"])
    await page.locator("form button[type=submit]").last.click()
    await page.wait_for_url(re.compile(r"/t/qinggang/portal"))
    return page


async def undo(page: Page) -> None:
    """Leave things as they were for the next look."""
    await page.locator('form[action$="/undo"] button').click()
    await page.wait_for_url(re.compile(r"/portal$"))


@pytest.mark.parametrize(("name", "size", "language"), LOOKS)
async def test_one_click_shows_box_prices_and_why_not_and_can_be_undone(
    browser: Browser, installation: Installation, name: str, size: dict[str, int], language: str
) -> None:
    """S1.44, S1.46: one button; the box drawn, five lines and more side by side with marks."""
    page = await shopper(browser, installation, size, language)
    SHOTS.mkdir(exist_ok=True)
    button = page.locator(".one-click button.btn-main").first
    await expect(button).to_contain_text(BUTTON[language])
    await page.screenshot(path=SHOTS / f"one-click-home-{name}-{language}.png")
    await button.click()
    await page.wait_for_url(re.compile(r"/consolidations/[0-9a-f-]{36}$"))
    lines = page.locator(".carriage")
    assert await lines.count() >= 5
    marks = page.locator(".carriage .tag-good")
    assert await marks.count() >= 3
    assert await page.locator(".box-views svg").count() == 3
    numbers = await page.locator(".box-views svg").first.locator("text").all_text_contents()
    inside = await page.locator("#parcels > .sheet").first.locator(".thing").count()
    assert sorted(numbers) == [str(at) for at in range(1, inside + 1)]
    await expect(page.locator(".advice")).to_be_visible(timeout=15_000)
    left_out = page.locator(".against")
    assert await left_out.count() >= 2
    wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"the page is {wide} px wider than the screen"
    await page.screenshot(path=SHOTS / f"draft-{name}-{language}.png", full_page=True)
    await undo(page)
    await expect(page.locator(".one-click button.btn-main").first).to_be_visible()


async def test_a_line_is_chosen_and_the_price_lines_unfold(
    browser: Browser, installation: Installation
) -> None:
    page = await shopper(browser, installation, PHONE, "en")
    await page.locator(".one-click button.btn-main").first.click()
    first = page.locator(".carriage").first
    await first.locator("summary").click()
    amounts = first.locator(".price-lines td")
    assert await amounts.count() >= 2
    await first.locator(".carriage-act button").click()
    await expect(page.locator(".note-good")).to_contain_text("Chosen")
    await expect(page.locator(".carriage.is-chosen")).to_have_count(1)
    await page.screenshot(path=SHOTS / "draft-chosen-phone-en.png")
    await undo(page)


async def test_two_tabs_of_one_shopper_see_the_same_draft_at_once(
    browser: Browser, installation: Installation
) -> None:
    one = await shopper(browser, installation, PHONE, "en")
    two = await shopper(browser, installation, DESK, "en")
    await two.evaluate("window.neverReloaded = true")
    await one.locator(".one-click button.btn-main").first.click()
    await expect(two.locator(".draft-link")).to_be_visible(timeout=6000)
    await expect(two.locator(".one-click")).to_have_count(1)
    assert await two.evaluate("window.neverReloaded") is True
    await undo(one)
    await expect(two.locator(".one-click")).to_have_count(2, timeout=6000)


async def test_a_live_page_keeps_what_is_unfolded_and_what_is_typed(
    browser: Browser, installation: Installation
) -> None:
    one = await shopper(browser, installation, PHONE, "en")
    await one.locator(".one-click button.btn-main").first.click()
    await one.wait_for_url(re.compile(r"/consolidations/[0-9a-f-]{36}$"))
    two = await shopper(browser, installation, DESK, "en")
    await two.goto(one.url)
    await expect(two.locator(".advice")).to_be_visible(timeout=15_000)
    await two.locator(".carriage summary").nth(1).click()
    await one.locator('form[action$="/remove"] button').first.click()
    await expect(two.locator(".number strong").first).to_have_text("5", timeout=8000)
    await expect(two.locator(".carriage details").nth(1)).to_have_attribute("open", "")
    await expect(two.locator(".carriage details").nth(0)).not_to_have_attribute("open", "")
    await two.locator(".elsewhere > summary").click()
    await two.fill("input[name=postcode]", "10437")
    await one.locator('form[action$="/remove"] button').first.click()
    await two.wait_for_timeout(2500)
    await expect(two.locator("input[name=postcode]")).to_have_value("10437")
    await undo(one)


async def test_without_script_everything_works_by_plain_forms(
    browser: Browser, installation: Installation
) -> None:
    page = await shopper(browser, installation, PHONE, "en", java_script_enabled=False)
    await page.locator(".one-click button.btn-main").first.click()
    assert await page.locator(".carriage").count() >= 5
    await page.click("text=Would parts or a later day be cheaper?")
    await expect(page.locator(".advice")).to_be_visible()
    await page.go_back()
    await page.locator('form[action$="/remove"] button').first.click()
    await page.locator('form[action$="/add"] button').first.click()
    await undo(page)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_the_draft_has_no_accessibility_fault(
    browser: Browser, installation: Installation, size: dict[str, int]
) -> None:
    page = await shopper(browser, installation, size, "en")
    assert await faults(page) == []
    await page.locator(".one-click button.btn-main").first.click()
    await expect(page.locator(".advice")).to_be_visible(timeout=15_000)
    for summary in await page.locator("main details > summary").all():
        await summary.click()
    for theme in THEMES:
        await page.emulate_media(color_scheme=theme)
        await page.wait_for_timeout(300)
        assert await faults(page) == [], theme
    small = await page.evaluate(
        "[...document.querySelectorAll('main button, main summary')].filter(b =>"
        " b.checkVisibility() && b.getBoundingClientRect().height < 40).map(b => b.innerText)"
    )
    assert small == []
    draft = page.url
    await page.goto(draft.rsplit("/", 1)[0])
    assert await faults(page) == []
    await page.goto(draft)
    await undo(page)
