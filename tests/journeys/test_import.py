"""The owner brings a file from Shopify in a browser."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.importing.bringing import DATA, SHARED
from tests.journeys.visitor import Visitor
from tests.servers.shop import LiveShop


@pytest.fixture
def own_shop(fresh_shop: LiveShop) -> LiveShop:
    """A shop for these alone: the other journeys know what is on the shelves."""
    return fresh_shop.start()


_FILES = (DATA / "shopify_2025.csv", SHARED / "apparel.csv", SHARED / "home-and-garden.csv")


def test_files_of_shopify_come_in_by_the_browser(own_shop: LiveShop, visit: Callable[..., Visitor]) -> None:
    owner = visit(own_shop)
    owner.log_in("owner@example.org", own_shop.owner_password)
    for path in _FILES:
        if path.exists():
            _import(owner, path)
    owner.open("/admin/products?q=oak")
    expect(owner.page.locator("main")).to_contain_text("Oak Board")
    with owner.page.expect_download() as waiting:
        owner.open("/admin/imports")
        owner.page.get_by_role("link", name="Download all products (CSV)").click()
    assert b"oak-board" in Path(waiting.value.path()).read_bytes()


def test_imports_work_without_scripts(own_shop: LiveShop, visit: Callable[..., Visitor]) -> None:
    owner = visit(own_shop, java_script_enabled=False)
    owner.log_in("owner@example.org", own_shop.owner_password)
    _choose(owner, DATA / "woocommerce.csv")
    owner.page.get_by_role("button", name="Look through the file").click()
    expect(owner.page.locator("#import-run")).to_contain_text("Looked through.")
    owner.page.get_by_role("button", name="Import now").click()
    expect(owner.page.locator("#import-run")).to_contain_text("Imported.")


def _import(owner: Visitor, path: Path) -> None:
    _choose(owner, path)  # which is enough where scripts run
    expect(owner.heading).to_have_text(path.name)
    expect(owner.page.locator("#import-run")).to_contain_text("Looked through.")
    expect(owner.page.locator("#import-run table").last).to_contain_text("price")
    owner.page.get_by_role("button", name="Import now").click()
    expect(owner.page.locator("#import-run")).to_contain_text("Imported.")
    expect(owner.page.locator("#refused")).to_have_text("0")
    expect(owner.page.locator("#created")).not_to_have_text("0")


def _choose(owner: Visitor, path: Path) -> None:
    owner.open("/admin/imports")
    # Nothing is fetched from the internet in a test.
    owner.page.get_by_label("Fetch pictures from the addresses in the file, afterwards").uncheck()
    owner.page.locator("#import-file").set_input_files(path)
