"""The camera as scanner: a film of a printed code is shown to Chromium's camera."""

import re
from pathlib import Path

from playwright.async_api import async_playwright, expect

from tests.browser.conftest import FLAGS, chromium
from tests.browser.test_first_parcel import enter
from tests.installation import Installation

CODE = "SF5550007770009"
WIDTH, HEIGHT, NARROW, WIDE = 640, 480, 2, 5
CODE_39 = {
    "0": "nnnwwnwnn", "1": "wnnwnnnnw", "2": "nnwwnnnnw", "3": "wnwwnnnnn", "4": "nnnwwnnnw",
    "5": "wnnwwnnnn", "6": "nnwwwnnnn", "7": "nnnwnnwnw", "8": "wnnwnnwnn", "9": "nnwwnnwnn",
    "F": "nnwnwwnnn", "S": "nnwnnnwwn", "*": "nwnnwnwnn",
}  # fmt: skip
"""Narrow and wide elements, bar first (ISO/IEC 16388)."""


def barcode_row(code: str) -> bytes:
    """One line of pixels: the code in Code 39, centred on white."""
    row = bytearray()
    for character in f"*{code}*":
        for place, element in enumerate(CODE_39[character]):
            shade = 235 if place % 2 else 16
            row += bytes([shade]) * (WIDE if element == "w" else NARROW)
        row += bytes([235]) * NARROW
    left = (WIDTH - len(row)) // 2
    return bytes([235]) * left + row + bytes([235]) * (WIDTH - left - len(row))


def film(path: Path, code: str) -> None:
    """A YUV4MPEG2 film that shows the code in the middle of the picture."""
    blank, bars = bytes([235]) * WIDTH, barcode_row(code)
    picture = b"".join(bars if 160 <= line < 320 else blank for line in range(HEIGHT))
    colour = bytes([128]) * (WIDTH * HEIGHT // 2)
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(head + (b"FRAME\n" + picture + colour) * 10)


async def test_a_code_before_the_camera_is_scanned(
    installation: Installation, tmp_path: Path
) -> None:
    film(tmp_path / "label.y4m", CODE)
    camera = [
        "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={tmp_path / 'label.y4m'}",
    ]  # fmt: skip
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(), args=[*FLAGS, *camera]
        )
        page = await enter(browser, installation, "receiver", "staff")
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
        await page.click("[data-camera]")
        answer = page.locator("[data-answers]")
        await expect(answer).to_contain_text(CODE, timeout=20_000)
        await expect(page.locator("dialog[open]")).to_have_count(0)
        assert faults == []
        await browser.close()


async def test_a_refused_camera_says_so_and_the_scanner_goes_on(
    installation: Installation,
) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = await enter(browser, installation, "receiver", "staff")
        await page.click("[data-camera]")
        await expect(page.locator("[data-trouble]")).to_contain_text(
            re.compile("camera cannot be used"), timeout=10_000
        )
        await page.click("dialog form button")
        await page.keyboard.type(CODE, delay=2)
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-answers]")).to_contain_text(CODE, timeout=5000)
        await browser.close()
