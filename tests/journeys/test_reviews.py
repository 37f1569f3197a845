"""A review after a purchase: from the order page to the product page, with and without JavaScript, for everybody."""

import re
from collections.abc import Callable
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from PIL import Image
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor, new_email
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]

_AXE = Axe()


def test_review_after_purchase(sqlite_shop: LiveShop, visit: Visit, tmp_path: Path) -> None:
    photograph = tmp_path / "desk.jpg"
    Image.new("RGB", (800, 600), "teal").save(photograph)
    anna = visit(sqlite_shop)
    anna.buy("two-inks", new_email())
    anna.page.get_by_role("link", name="Review Two Inks: colour for small presses").click()
    expect(anna.heading).to_have_text("Your review of Two Inks: colour for small presses")
    _axe_finds_nothing(anna)
    anna.page.get_by_role("button", name="Publish the review").click()
    expect(anna.page.locator("#error-summary")).to_contain_text("Please choose one.")
    anna.page.get_by_label("4 – good").check()
    anna.page.get_by_label("In one line").fill("Good company")
    anna.page.locator("#body").fill("Two inks, one evening.\n<script>alert(1)</script>")
    anna.page.get_by_label("Name to show").fill("Anna B.")
    anna.page.get_by_label("Pictures").set_input_files(photograph)
    anna.page.get_by_role("button", name="Publish the review").click()
    expect(anna.page.locator("main")).to_contain_text("Thank you! Your review is in the shop.")

    bob = visit(sqlite_shop)
    bob.open("/products/two-inks")
    expect(bob.page.locator("#reviews")).to_contain_text("4.0 of 5 · 1 review")
    expect(bob.page.locator("#reviews article")).to_have_count(0)
    bob.page.locator("#reviews").scroll_into_view_if_needed()
    said = bob.page.locator("#reviews article")
    expect(said).to_contain_text("Anna B.")
    expect(said).to_contain_text("<script>alert(1)</script>")
    expect(said.locator("img")).to_have_js_property("complete", True)
    assert bob.path == "/products/two-inks"
    _axe_finds_nothing(bob)
    # Nothing of what search engines read was refused by the policy of the page: `troubles` stays empty.
    data = bob.page.locator("script[type='application/ld+json']").text_content() or ""
    assert '"reviewCount":1' in data

    carla = visit(sqlite_shop, prefix="/zh", java_script_enabled=False)
    carla.open("/products/two-inks")
    carla.page.locator("#reviews a").click()
    carla.page.wait_for_url("**/zh/products/two-inks/reviews")
    expect(carla.page.locator("#reviews article bdi[lang=en]")).to_have_text("Good company")

    owner = visit(sqlite_shop)
    owner.log_in("owner@example.org", sqlite_shop.owner_password)
    owner.open("/admin/reviews")
    _axe_finds_nothing(owner)
    owner.page.get_by_role("link", name=re.compile("Good company")).click()
    _axe_finds_nothing(owner)
    owner.page.get_by_label("Reason").fill("A test of hiding")
    owner.page.get_by_role("button", name="Hide", exact=True).click()
    expect(owner.page.locator("main")).to_contain_text("A test of hiding")
    bob.page.reload()
    expect(bob.page.locator("#reviews")).to_have_count(0)


def _axe_finds_nothing(visitor: Visitor) -> None:
    found = _AXE.run(visitor.page, options={"resultTypes": ["violations"]})
    assert found.response["violations"] == [], visitor.path
