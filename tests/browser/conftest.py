"""A real browser. Where Chromium is missing the tests are skipped, unless it is needed."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.installation import installation  # noqa: F401

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SHOTS = Path(__file__).resolve().parents[2] / "screenshots"


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
