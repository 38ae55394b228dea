"""A real browser. Where Chromium is missing the tests are skipped, unless it is needed."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.looking import OFFICE, SIZES, Opened, answered_by
from tests.installation import installation  # noqa: F401
from tests.web.page_house import PageHouse

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the browser."""
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


def chromium() -> str:
    """The browser's program; skips the test without one, fails it where one is needed."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if "browser" in os.environ.get("ENTREPOT_NEED", ""):
            pytest.fail("Chromium is missing and ENTREPOT_NEED=browser")
        pytest.skip("Chromium is not installed")
    return program


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    program = chromium()
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        await running.close()


@pytest.fixture(autouse=True)
async def no_page_left(browser: Browser) -> AsyncIterator[None]:
    """Pages that stay open go on listening and drawing: every test ends without any."""
    yield
    for context in list(browser.contexts):
        await context.close()


@pytest.fixture
async def visit(browser: Browser, house: PageHouse) -> AsyncIterator[Opened]:
    """Opens a module's `house`, logged in; every request is answered by the app in this process."""
    worker = await house.browser().log_in(OFFICE)

    async def opened(size: str, language: str) -> Page:
        width, height = SIZES[size]
        context = await browser.new_context(
            viewport={"width": width, "height": height}, locale=language
        )
        page = await context.new_page()
        await page.route("**/*", answered_by(worker))
        return page

    yield opened
    for context in list(browser.contexts):
        await context.close()
    await worker.client.aclose()
