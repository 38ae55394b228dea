"""Looking at pages in a browser: do they fit, can everyone read them; an office to look at."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.async_api import Page, Route

from entrepot.platform.live import Live
from tests.flows.trade import Trade
from tests.postgres_fixture import InstalledServer
from tests.web.page_house import Browser, PageHouse, page_app

SHOTS = Path(__file__).resolve().parents[2] / "screenshots"
AXE = Path(__file__).resolve().parents[2] / "frontend/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES = {"390": (390, 844), "1440": (1440, 900)}
HERE = "http://127.0.0.1:8080"
OFFICE = "office@prices.example"
KEPT = {"content-type", "accept", "accept-language", "origin", "referer", "hx-request"}
ENDS = {"content-encoding", "content-length", "set-cookie"}
Opened = Callable[[str, str], Awaitable[Page]]


async def faults(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA on the page as it stands."""
    await page.evaluate(AXE.read_text())
    found = await page.evaluate(f"axe.run({{runOnly: {json.dumps(RULES)}}})")
    assert len(found["passes"]) > 10, "axe looked at nothing"
    return [
        f"{fault['id']}: {node['html'][:120]}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


async def faults_by_light_and_dark(page: Page) -> list[str]:
    """The same in both themes; the page is light again afterwards."""
    found = []
    for theme in THEMES:
        await page.emulate_media(color_scheme=theme)
        await page.wait_for_timeout(400)  # colours fade over, and axe would see them half way
        found += [f"{theme}: {fault}" for fault in await faults(page)]
    await page.emulate_media(color_scheme="light")
    return found


async def look(page: Page, url: str, *, shot: str, size: str) -> None:
    """Open a page and take its picture; nothing of it may be wider than the screen."""
    await page.goto(url)
    await page.screenshot(path=SHOTS / f"{shot}.png", full_page=True)
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= SIZES[size][0], (shot, wide)


async def open_office(server: InstalledServer, trade: Trade) -> PageHouse:
    """The pages of a trade in this process, with an owner who can log in."""
    live = Live(server.directory)
    found = PageHouse(trade, page_app(server, trade, live), live)
    await found.person(OFFICE, roles=["owner"])
    return found


def answered_by(worker: Browser) -> Callable[[Route], Awaitable[None]]:
    """Answers every request of a page as the app in this process answers the worker."""

    async def serve(route: Route) -> None:
        asked = urlsplit(route.request.url)
        target = asked.path + (f"?{asked.query}" if asked.query else "")
        sent = await route.request.all_headers()
        answer = await worker.client.request(
            route.request.method, target, content=route.request.post_data_buffer,
            headers={k: v for k, v in sent.items() if k in KEPT}, follow_redirects=True,
        )  # fmt: skip
        headers = {k: v for k, v in answer.headers.items() if k not in ENDS}
        await route.fulfill(status=answer.status_code, headers=headers, body=answer.content)

    return serve
