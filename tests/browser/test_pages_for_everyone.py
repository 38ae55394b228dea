"""Pages for everyone: no accessibility fault in either theme, nothing moves, any network."""

import re
from urllib.parse import parse_qs

import pytest
from playwright.async_api import Browser, Route, expect

from tests.browser.looking import THEMES, faults
from tests.browser.test_first_parcel import DESK, PHONE, enter, wedge
from tests.installation import Installation

PLACES = {
    "receiver": ["staff", "staff/warehouse", "staff/unclaimed", "staff/arrivals",
                 "staff/arrivals/receive", "staff/arrivals/stow"],
    "customer": ["portal", "portal/address", "portal/pre-alert", "portal/pre-alert/paste"],
    "owner": ["admin", "admin/parcels", "admin/customers", "admin/nodes", "admin/nodes/SZX1",
              "admin/people", "admin/keys"],
}  # fmt: skip


@pytest.mark.parametrize("role", list(PLACES))
async def test_pages_have_no_accessibility_fault(
    browser: Browser, installation: Installation, role: str
) -> None:
    size = DESK if role == "owner" else PHONE
    page = await enter(browser, installation, role, PLACES[role][0], size=size)
    for theme in THEMES:
        await page.emulate_media(color_scheme=theme)
        for place in PLACES[role]:
            await page.goto(f"{installation.base_url}/t/qinggang/{place}")
            assert await page.evaluate("document.documentElement.dataset.bsTheme") == theme
            assert await faults(page) == [], place
    await page.context.close()


async def test_every_answer_of_the_station_can_be_read(
    browser: Browser, installation: Installation
) -> None:
    page = await enter(browser, installation, "receiver", "staff")
    answer = page.locator("[data-answers] [data-tone]")
    for code, tone in (("SF0000000000142", "attention"), ("%%%%%", "stop")):
        await wedge(page, code)
        await expect(answer).to_have_attribute("data-tone", tone)
        for theme in THEMES:
            await page.emulate_media(color_scheme=theme)
            await page.wait_for_timeout(400)  # colours fade over, and axe would see them half way
            assert await faults(page) == [], (code, theme)
    await page.context.close()


async def test_buttons_of_the_station_are_made_for_gloves(
    browser: Browser, installation: Installation
) -> None:
    page = await enter(browser, installation, "receiver", "staff")
    heights = await page.evaluate(
        "[...document.querySelectorAll('main .btn, main summary')]"
        ".filter(b => b.checkVisibility()).map(b => b.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) >= 56
    await page.context.close()


async def test_a_problem_stays_until_it_is_acknowledged(
    browser: Browser, installation: Installation
) -> None:
    page = await enter(browser, installation, "receiver", "staff")
    await wedge(page, "%%%%%")
    answer = page.locator("[data-answers]")
    await expect(answer).to_contain_text("Code not known")
    await wedge(page, "SF0000000000142")
    await page.wait_for_timeout(300)
    await expect(answer).to_contain_text("Code not known")
    await page.click("[data-acknowledge]")
    await expect(answer).to_contain_text("Scan anything")
    await wedge(page, "SF0000000000142")
    await expect(answer).to_contain_text("Already done")
    await page.context.close()


async def test_a_scan_survives_a_lost_answer_and_a_reload_and_counts_once(
    browser: Browser, installation: Installation
) -> None:
    """The first try reaches the server, its answer is lost; the page is loaded anew meanwhile."""
    page = await enter(browser, installation, "receiver", "staff")
    keys: list[str] = []

    async def lose(route: Route) -> None:
        body = parse_qs(route.request.post_data or "")
        keys.append(body["idempotency_key"][0])
        if len(keys) == 1:
            await route.fetch()
        if len(keys) <= 2:
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/staff/scan", lose)
    await wedge(page, "SF5550007770001")
    await expect(page.locator("[data-status]")).to_contain_text("Trying again", timeout=5000)
    await page.reload()
    answer = page.locator("[data-answers]")
    await expect(answer).to_contain_text("Owner not known", timeout=15_000)
    assert len(keys) >= 3
    assert len(set(keys)) == 1
    await page.unroute("**/staff/scan")
    await page.wait_for_timeout(2100)
    await wedge(page, "SF5550007770001")
    await expect(answer).to_contain_text("By you", timeout=5000)
    await page.context.close()


async def test_a_question_is_answered_once_however_often_the_button_is_tapped(
    browser: Browser, installation: Installation
) -> None:
    page = await enter(browser, installation, "receiver", "staff")
    answer = page.locator("[data-answers]")
    await page.evaluate(
        """async () => {
            const form = document.querySelector("[data-scan-form]");
            const send = (more) => fetch(form.action, {method: "POST", headers: {
                "X-CSRF-Token": document.querySelector("meta[name=csrf-token]").content},
                body: new URLSearchParams({code: "SF5550007770006", warehouse: "SZX1", ...more})});
            await send({idempotency_key: "first-weighing-0006", weight_g: "500"});
        }"""
    )
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.url.endswith("/staff/scan") else None)
    await page.evaluate(
        """() => { const s = sessionStorage; s.setItem("entrepot.scans", JSON.stringify([
            {key: "second-weighing-0006", ready: true, fields: {code: "SF5550007770006",
             warehouse: "SZX1", weight_g: "4000"}}])) }"""
    )
    await page.reload()
    await expect(answer).to_contain_text("Another piece?", timeout=5000)
    await page.evaluate(
        "() => { const b = document.querySelector('[data-answer]'); b.click(); b.click() }"
    )
    await expect(answer).not_to_contain_text("Another piece?", timeout=5000)
    assert len(sent) == 2, "the question's scan and one answer"
    await page.context.close()


async def test_a_scan_of_an_ended_session_waits_for_the_log_in(
    browser: Browser, installation: Installation
) -> None:
    page = await enter(browser, installation, "receiver", "staff")
    await page.context.clear_cookies(name="entrepot_session")
    await wedge(page, "SF5550007770005")
    await page.wait_for_url(re.compile("/log-in"), timeout=10_000)
    login = installation.login("qinggang", "receiver")
    await page.fill("input[name=email]", login["email"])
    await page.fill("input[name=password]", login["password"])
    await page.keyboard.press("Enter")
    answer = page.locator("[data-answers]")
    await expect(answer).to_contain_text("SF5550007770005", timeout=10_000)
    await expect(answer).to_contain_text("Owner not known")
    await page.context.close()


async def test_a_scan_into_a_field_is_a_scan_and_no_text(
    browser: Browser, installation: Installation
) -> None:
    page = await enter(browser, installation, "receiver", "staff")
    sent: list[dict[str, list[str]]] = []
    page.on(
        "request",
        lambda r: sent.append(parse_qs(r.post_data or "")) if r.url.endswith("/scan") else None,
    )
    answer = page.locator("[data-answers]")
    await wedge(page, "SF5550007770002")
    await page.click("text=I can read a member code")
    await page.fill("input[name=suite_code]", "QG1")
    await page.focus("input[name=suite_code]")
    await page.keyboard.type("SF5550007770003", delay=2)
    await page.keyboard.press("Enter")
    await expect(answer).to_contain_text("SF5550007770003", timeout=5000)
    assert [one["code"] for one in sent] == [["SF5550007770002"], ["SF5550007770003"]]
    assert "suite_code" not in sent[1]
    await page.context.close()


async def test_nothing_moves_while_a_page_loads(
    browser: Browser, installation: Installation
) -> None:
    for role, place, size in (("customer", "portal", PHONE), ("owner", "admin", DESK)):
        page = await enter(browser, installation, role, place, size=size)
        await page.add_init_script(
            "window.shift = 0; new PerformanceObserver(l => { for (const e of l.getEntries())"
            " window.shift += e.value }).observe({type: 'layout-shift', buffered: true})"
        )
        await page.goto(f"{installation.base_url}/t/qinggang/{place}")
        await page.wait_for_timeout(600)
        assert await page.evaluate("window.shift") < 0.01
        await page.context.close()


async def test_the_first_page_loads_less_than_the_contract_allows(
    browser: Browser, installation: Installation
) -> None:
    page = await enter(browser, installation, "receiver", "staff")
    sizes = await page.evaluate(
        "performance.getEntriesByType('resource').filter(r => r.name.includes('/static/'))"
        ".map(r => [r.name, r.encodedBodySize])"
    )
    total = sum(size for _, size in sizes)
    print(f"style and script on the wire: {total} bytes")
    assert 0 < total <= 110_000
    assert not [name for name, _ in sizes if re.search(r"wasm|camera", name)]
    await page.context.close()
