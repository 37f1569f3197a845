"""Everything a customer does, in a browser that runs no scripts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor, new_email
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]
FILES = Path(__file__).parents[2] / "demo" / "files"


@pytest.fixture
def anna(sqlite_shop: LiveShop, visit: Visit) -> Visitor:
    """A visitor whose browser runs no scripts."""
    return visit(sqlite_shop, java_script_enabled=False)


def test_browsing_sorting_and_searching(anna: Visitor) -> None:
    anna.open("/")
    anna.page.get_by_role("banner").get_by_role("link", name="Products").click()
    expect(anna.heading).to_have_text("Products")
    anna.page.get_by_role("link", name="Prints and goods").click()
    anna.page.get_by_label("Sort by").select_option(label="Price: high to low")
    anna.page.get_by_role("button", name="Show").click()
    assert "sort=-price" in anna.path
    assert "category=" in anna.path

    anna.page.locator("#search").fill("notebook")
    anna.page.get_by_role("banner").get_by_role("button", name="Search").click()
    expect(anna.page.locator("main .lede")).to_contain_text("found")
    anna.page.get_by_role("link", name="Tide Notebook").click()
    expect(anna.heading).to_have_text("Tide Notebook")


def test_cart_changes_and_undo(anna: Visitor) -> None:
    anna.open("/products/tide-notebook")
    anna.page.get_by_role("button", name="Add to cart").click()
    expect(anna.heading).to_have_text("Cart")
    expect(anna.page.get_by_text("Tide Notebook is in the cart.")).to_be_visible()
    quantity = anna.page.locator(".stepper__input")
    anna.page.get_by_role("button", name="One more").click()
    expect(quantity).to_have_value("2")
    quantity.fill("5")
    quantity.press("Enter")
    expect(quantity).to_have_value("5")
    anna.page.get_by_role("button", name="One less").click()
    expect(quantity).to_have_value("4")
    anna.page.get_by_role("button", name="Remove Tide Notebook").click()
    expect(anna.page.get_by_text("Your cart is empty")).to_be_visible()
    anna.page.get_by_role("button", name="Undo").click()
    expect(quantity).to_have_value("4")


def test_buying_and_downloading(anna: Visitor) -> None:
    email = new_email()
    anna.open("/products/page-canon")
    anna.page.get_by_role("button", name="Add to cart").click()
    anna.page.get_by_role("button", name="Pay €9.00").click()
    expect(anna.page.locator("#email")).to_have_attribute("aria-invalid", "true")
    anna.page.locator("#email").fill(email)
    anna.page.get_by_role("button", name="Pay €9.00").click()
    anna.pay()
    grids = anna.page.get_by_role("link", name="Download Twelve grids")
    # The page asks again by itself until the goods are there.
    expect(grids).to_be_visible()
    assert anna.download(grids) == ("Page Canon.zip", (FILES / "page-canon.zip").read_bytes())


def test_account_and_a_lesson_marked_as_done(anna: Visitor) -> None:
    email = new_email()
    anna.register(email)
    anna.log_out()
    anna.log_in(email)
    anna.open("/products/two-inks")
    anna.page.get_by_role("button", name="Add to cart").click()
    anna.page.locator("#checkout-form .btn--primary").click()
    anna.pay()
    anna.page.get_by_role("link", name="Start the course").click()
    anna.page.get_by_role("link", name="Begin:").click()
    expect(anna.page.locator("video[controls]")).to_be_visible()
    anna.page.get_by_role("button", name="Done, go on").click()
    anna.page.locator(".player__lessons summary").click()
    anna.page.get_by_role("link", name="Two Inks").first.click()
    expect(anna.page.locator(".progress__text")).to_contain_text("1 of")
    anna.open("/account")
    anna.page.get_by_role("button", name="Log out").first.click()
    anna.open("/library")
    expect(anna.heading).to_have_text("Log in")


def test_language_switch_keeps_the_page(anna: Visitor) -> None:
    anna.open("/products?category=courses&sort=price")
    anna.page.get_by_role("banner").get_by_role("link", name="中文").click()
    assert anna.path == "/zh/products?category=courses&sort=price"
    assert anna.page.locator("html").get_attribute("lang") == "zh-Hans"
