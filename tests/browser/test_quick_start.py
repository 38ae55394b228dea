"""The program on the developers' page, copied as a reader would copy it, scans a parcel."""

import asyncio
import json
import subprocess
import sys

from playwright.async_api import Browser

from tests.installation import Installation


async def test_the_program_on_the_page_works_as_it_stands(
    browser: Browser, installation: Installation
) -> None:
    page = await browser.new_page()
    await page.goto(f"{installation.base_url}/developers?lang=en")
    program = await page.inner_text("#python")
    await page.close()
    key = next(
        key for key in installation.tenant("qinggang")["keys"] if key["algorithm"] == "hmac-sha256"
    )
    program = (
        program.replace('"ek_…"', repr(key["key_id"]), 1)
        .replace('"…"', repr(key["secret"]), 1)
        .replace("localhost:8080", installation.known["authority"])
    )
    ran = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    said, trouble = await asyncio.wait_for(ran.communicate(), 20)
    assert ran.returncode == 0, trouble[-1000:]
    assert json.loads(said)["parcel"]["tracking_number"] == "YT0000000000142"
