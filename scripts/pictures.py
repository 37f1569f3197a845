"""Take the pictures of the README anew: ``.venv/bin/python -m scripts.pictures``.

Starts the demo shop in a folder of its own, visits it with the machine's Chromium as a customer and as the owner, and
writes ``docs/pictures/*.webp``. Needs what the tests need (``make test`` installs it) and Chromium.
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.servers.chromium import chromium
from tests.servers.shop import LiveShop

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
LARGEST_BYTES = 150_000
WIDE = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 800}
PRODUCT = "/en/products/quiet-pages"


def main() -> int:
    """Write all pictures; return the exit status."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        shop = LiveShop(Path(folder) / "var").start()
        try:
            _as_customer(browser, shop.url)
            _as_owner(browser, shop)
        finally:
            shop.stop()
    return 0


def _as_customer(browser: Browser, url: str) -> None:
    wide, phone = _page(browser, WIDE), _page(browser, PHONE, factor=2)
    _open(wide, f"{url}/en/", "home")
    _open(phone, f"{url}/zh/", "home-phone")
    _open(wide, f"{url}{PRODUCT}", "product")
    for path in (PRODUCT, "/en/products/margin-book"):
        wide.goto(f"{url}{path}")
        wide.locator("main form[action$='/cart/lines'] button[type=submit]").first.click()
        wide.wait_for_timeout(400)
    _open(wide, f"{url}/en/cart", "cart")


def _as_owner(browser: Browser, shop: LiveShop) -> None:
    page = _page(browser, WIDE)
    page.goto(f"{shop.url}/en/account/login")
    page.fill("input[name=email]", "owner@example.org")
    page.fill("input[name=password]", shop.owner_password)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_load_state()
    _open(page, f"{shop.url}/en/admin", "admin")
    _open(page, f"{shop.url}/en/admin/products/quiet-pages", "admin-product")


def _page(browser: Browser, size: dict[str, int], factor: float = 1) -> Page:
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        device_scale_factor=factor,
        color_scheme="light",
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    return page


def _open(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    _shoot(page, name)


def _shoot(page: Page, name: str) -> None:
    """Write what the window shows, as good as the size allows."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    for quality in (86, 78, 70, 60, 50):
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=quality, method=6)
        if buffer.tell() <= LARGEST_BYTES:
            break
    (FOLDER / f"{name}.webp").write_bytes(buffer.getvalue())
    print(f"docs/pictures/{name}.webp  {buffer.tell() // 1000} kB")


if __name__ == "__main__":
    sys.exit(main())
